"""Whether two stretches of video show the same: equal frames, or the same movement."""

from collections.abc import Callable, Iterator

import numpy as np

from vadjax.data.leakage.changed_rows import Rows
from vadjax.data.leakage.copy_keys import GAP, LAG

SHORTEST = 16  # frames of the shortest altered copy that is looked for
DISTINCT = 4  # different frames that an equal stretch holds at least
LIKE = 0.85  # correlation of the blocks' changes from which a stretch is an altered copy
RESIDUE = 0.7  # the same, without the two strongest patterns of the stretch
CHANGE = 0.5  # squared grey levels by which blocks vary at least, on average; below it is noise
LOOKS = 8  # places at which a candidate is compared before the whole stretches are
PIECE = 4096  # frames whose blocks are held at once: a clip may last for days


def equal_stretches(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Find the stretches of equal frames that hold enough different ones.

    Args:
        a: `content.ROW` [t] of a test clip, aligned with `b`.
        b: the same of another clip.

    Yields:
        (start, stop, 1.0).
    """
    same = a["hash"] == b["hash"]
    for start, stop in _runs(same):
        if len(np.unique(a["hash"][start:stop])) >= DISTINCT:
            yield start, stop, 1.0


def altered_stretches(a: Rows, b: Rows) -> Iterator[tuple[int, int, float]]:
    """Find the stretches in which the same things move.

    Args:
        a: `content.ROW` [t] of a test clip, aligned with `b`.
        b: the same of another clip.

    Yields:
        (start, stop, correlation).
    """
    if len(a) < SHORTEST:
        return
    like = [  # by first frame of the stretch
        _correlations(_blocks(a, at, stop), _blocks(b, at, stop)) >= LIKE
        for at, stop in _pieces(len(a), overlap=SHORTEST - 1)
    ]
    covered = np.zeros(len(a), bool)
    for start, stop in _runs(np.concatenate(like)):
        covered[start : stop + SHORTEST - 1] = True
    for start, stop in _runs(covered):
        score = _alike(a[start:stop], b[start:stop])
        if score >= LIKE:
            yield start, stop, score


def agree(a: Rows, b: Rows, frames: np.ndarray) -> bool:
    """Say whether clips are alike around one of some frames: most candidates are not anywhere.

    Args:
        a: rows of the test clip, aligned with `b`.
        b: rows of the other clip.
        frames: of both, with a key in common.

    Returns:
        Whether a stretch of `SHORTEST` frames there is alike.
    """
    if len(a) < SHORTEST:
        return False
    frames = frames[:: -(-len(frames) // LOOKS)]
    first = np.clip(frames - (SHORTEST - LAG - GAP) // 2, 0, len(a) - SHORTEST)
    at = (first[:, None] + np.arange(SHORTEST)).ravel()
    x, y = (  # [k, t, c]
        each[at]["grid"].astype(np.float32).reshape(len(first), SHORTEST, -1) for each in (a, b)
    )
    x, y = (each - each.mean(2, keepdims=True) for each in (x, y))
    x, y = (each - each.mean(1, keepdims=True) for each in (x, y))
    product, xx, yy = (np.einsum("ktc,ktc->k", *pair) for pair in ((x, y), (x, x), (y, y)))
    return bool((product >= LIKE * np.sqrt(xx * yy)).any())


def is_distinct(video: Rows, other: Rows, *, other_start: int) -> bool:
    """Say whether what a stretch and its altered copy show could not be alike by chance.

    Args:
        video: rows of the stretch of the test clip, at least one.
        other: rows of the whole other clip.
        other_start: its frame that equals the first of the stretch.

    Returns:
        Whether they are alike beyond two patterns, and at this place only.
    """
    frames = np.arange(0, len(video), max(1, len(video) // (4 * SHORTEST)))
    x, y = _plain_blocks(video[frames]), _plain_blocks(other[frames + other_start])
    if not has_detail(x - x.mean(0), y - y.mean(0)):
        return False
    part = _blocks(video, 0, min(len(video), 4 * SHORTEST))
    like = _likeness(part, lambda start, stop: _blocks(other, start, stop), len(other))
    return _once(like, other_start, apart=0.5, below=LIKE)


def has_detail(x: np.ndarray, y: np.ndarray) -> bool:
    """Say whether stretches are alike beyond two patterns, such as a light that is switched on.

    Args:
        x: [t, c] blocks of a stretch, each without its mean over time.
        y: the same of the other stretch.

    Returns:
        Whether they are.
    """
    patterns = main_patterns(x)
    x, y = (each - each @ patterns.T @ patterns for each in (x, y))
    changes = min(np.square(x).mean(), np.square(y).mean()) >= CHANGE / 2
    return bool(changes and _correlation(x, y) >= RESIDUE)


def main_patterns(x: np.ndarray) -> np.ndarray:
    """Return the two strongest patterns [2, c] of blocks [t, c], of length 1: what moves most."""
    patterns = np.linalg.eigh(x @ x.T)[1][:, -2:].T @ x
    return patterns / np.maximum(np.linalg.norm(patterns, axis=1, keepdims=True), 1e-9)


def occurs_once(
    part: np.ndarray, clip: np.ndarray, place: int, *, apart: float, below: float
) -> bool:
    """Say whether a stretch matches a clip at one place only, as nothing periodic does.

    Args:
        part: [t, c] blocks of the stretch.
        clip: [s, c] blocks of the whole clip.
        place: frame of the clip at which it matches.
        apart: correlation below which another place is not this one any more.
        below: correlation that no other place reaches.

    Returns:
        Whether it does.
    """
    like = _likeness(part, lambda start, stop: clip[start:stop], len(clip))
    return _once(like, place, apart=apart, below=below)


def _likeness(
    part: np.ndarray, blocks: Callable[[int, int], np.ndarray], frames: int
) -> np.ndarray:
    """Return the correlation of a stretch with each place of a clip, float [places]."""
    x, length = part - part.mean(0), len(part)
    found = []
    for start, stop in _pieces(frames, overlap=length - 1):
        clip = blocks(start, stop)
        number = len(clip) - length + 1
        product = sum(clip[t : t + number] @ x[t] for t in range(length))  # [number]
        total, square = (np.cumsum(np.vstack([0 * v[:1], v]), 0) for v in (clip, clip**2))
        energy = (square[length:] - square[:-length]).sum(1)
        energy = energy - np.square(total[length:] - total[:-length]).sum(1) / length
        found.append(product / np.sqrt(np.maximum(np.square(x).sum() * energy, 1e-9)))
    return np.concatenate(found)


def _once(like: np.ndarray, place: int, *, apart: float, below: float) -> bool:
    """Say whether no place beside the hill around `place` reaches `below`; see `occurs_once`."""
    low = like < apart
    left = place - int(np.argmax(low[place::-1])) if low[: place + 1].any() else 0
    right = place + int(np.argmax(low[place:])) if low[place:].any() else len(like)
    return bool((like[:left] < below).all() and (like[right:] < below).all())


def _pieces(frames: int, *, overlap: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of pieces that share `overlap` frames, so that no stretch is cut."""
    for start in range(0, max(1, frames - overlap), PIECE):
        yield start, min(frames, start + PIECE + overlap)


def _blocks(rows: Rows, start: int, stop: int) -> np.ndarray:
    """Return the blocks float64 [stop - start, c] of some frames."""
    return _plain_blocks(rows[np.arange(start, stop)])


def _plain_blocks(rows: np.ndarray) -> np.ndarray:
    """Return the blocks float64 [t, c], each frame without its mean."""
    grid = rows["grid"].astype(np.float64)
    return grid - grid.mean(1, keepdims=True)


def _alike(a: Rows, b: Rows) -> float:
    """Return the correlation of the changes of two stretches, however long."""
    pieces = list(_pieces(len(a), overlap=0))
    mean_a, mean_b = (
        sum(_blocks(rows, *piece).sum(0) for piece in pieces) / len(a) for rows in (a, b)
    )
    sums = np.zeros(3)
    for piece in pieces:
        x, y = _blocks(a, *piece) - mean_a, _blocks(b, *piece) - mean_b
        sums += (x * y).sum(), np.square(x).sum(), np.square(y).sum()
    return float(sums[0] / np.sqrt(max(sums[1] * sums[2], 1e-9)))


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float((x * y).sum() / np.sqrt(max(np.square(x).sum() * np.square(y).sum(), 1e-9)))


def _correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the correlation of changes over each `SHORTEST` frames; 0 where nothing changes.

    Args:
        a: [t, c] blocks.
        b: [t, c] blocks.

    Returns:
        [t - SHORTEST + 1].
    """

    def sums(values: np.ndarray) -> np.ndarray:
        total = np.cumsum(np.concatenate([np.zeros_like(values[:1]), values]), 0)
        return total[SHORTEST:] - total[:-SHORTEST]

    sum_a, sum_b = sums(a), sums(b)
    var_a = sums(np.square(a).sum(1)) - np.square(sum_a).sum(1) / SHORTEST
    var_b = sums(np.square(b).sum(1)) - np.square(sum_b).sum(1) / SHORTEST
    both = sums((a * b).sum(1)) - (sum_a * sum_b).sum(1) / SHORTEST
    least = CHANGE * SHORTEST * a.shape[1]
    changes = (var_a >= least) & (var_b >= least)
    return np.where(changes, both / np.sqrt(np.maximum(var_a * var_b, 1e-9)), 0.0)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return (start, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
