"""Finds stretches of video that a test clip and a training clip have in common.

Equal frames are found by their hash. Altered ones (encoded again, resized, brighter) are found by
what moves, because the frames of a fixed camera are all alike: candidates share the blocks that
change most, and are then compared block by block (docs/protocols.md).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from vadjax.data.frames.content import GRID

LAG = 6  # frames between the two that are subtracted for a key
GAP = 4  # frames between the two differences of a key
SHORTEST = 16  # frames of the shortest altered copy that is looked for
DISTINCT = 4  # different frames that an equal stretch holds at least
LIKE = 0.85  # correlation of the blocks' changes from which a stretch is an altered copy
RESIDUE = 0.7  # the same, without the two strongest patterns of the stretch
CHANGE = 0.5  # squared grey levels by which blocks vary at least, on average; below it is noise
COMMON = 64  # a key of more frames than this says nothing
TRIED = 32  # candidates that are compared for each test clip
LOOKS = 8  # places at which a candidate is compared before the whole stretches are
VOTES = 3  # keys that a candidate has at least

Keys = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
Compare = Callable[[np.ndarray, np.ndarray], Iterator[tuple[int, int, float]]]


@dataclass(frozen=True)
class Copy:
    """Frames of a test clip that another clip has too.

    Attributes:
        video: id of the test clip.
        start: its first frame that is a copy.
        stop: the frame after the last.
        other: id of the clip with the same frames.
        other_start: the frame there that equals `start`.
        kind: "equal", or "altered" (encoded again, resized, brighter or darker).
        score: correlation of what changes in the two stretches; 1 where they are equal.
    """

    video: str
    start: int
    stop: int
    other: str
    other_start: int
    kind: str
    score: float


def find_copies(tests: Mapping[str, np.ndarray], used: Mapping[str, np.ndarray]) -> list[Copy]:
    """Find what test clips have in common with used ones.

    A still scene is no copy of another: equal stretches have `DISTINCT` different frames, altered
    ones change in more than two patterns and match at one place only.

    Args:
        tests: id -> `content.ROW` [t] of each test clip.
        used: id -> `content.ROW` [t] of clips that were used otherwise; a clip is not compared
            with itself.

    Returns:
        The copies, in the order of the test clips and their frames.
    """
    equal = _search(tests, used, _hashes, _equal, "equal")
    altered = _search(tests, used, _motion_keys, _altered, "altered")
    found = equal + [
        copy
        for copy in altered
        if not any(_covers(each, copy) for each in equal)
        and _is_distinct(copy, tests[copy.video], used[copy.other])
    ]
    order = {name: number for number, name in enumerate(tests)}
    return sorted(found, key=lambda c: (order[c.video], c.start, c.other, c.other_start))


def _covers(equal: Copy, copy: Copy) -> bool:
    """Say whether a copy repeats, but for its ends, what an equal stretch says."""
    same = (equal.video, equal.other) == (copy.video, copy.other)
    offset = equal.other_start - equal.start == copy.other_start - copy.start
    shared = min(equal.stop, copy.stop) - max(equal.start, copy.start)
    return same and offset and 2 * shared >= copy.stop - copy.start


def _search(
    tests: Mapping[str, np.ndarray],
    used: Mapping[str, np.ndarray],
    keys: Keys,
    compare: Compare,
    kind: str,
) -> list[Copy]:
    """Compare each test clip with the used ones that share most of its keys at one distance."""
    names, found = list(used), []
    index = _Index([keys(rows) for rows in used.values()])
    for video, rows in tests.items():
        own = []
        for number, offset, frames in index.candidates(*keys(rows)):
            other = names[number]
            if other == video:
                continue
            start, other_start = max(0, -offset), max(0, offset)
            a, b = rows[start:], used[other][other_start:]
            shared = min(len(a), len(b))
            if kind == "altered" and not _agree(a[:shared], b[:shared], frames - start):
                continue
            for first, stop, score in compare(a[:shared], b[:shared]):
                place = (start + first, start + stop, other, other_start + first)
                own.append(Copy(video, *place, kind, round(score, 4)))
        found += _best(own)
    return found


def _best(copies: list[Copy]) -> list[Copy]:
    """Leave out what a better match of the same frames and clip says: a frame later is alike."""
    kept: list[Copy] = []
    for copy in sorted(copies, key=lambda c: (-c.score, c.start - c.stop)):
        if not any(
            copy.other == one.other and copy.start < one.stop and one.start < copy.stop
            for one in kept
        ):
            kept.append(copy)
    return kept


class _Index:
    """The frames of many clips by their keys.

    Args:
        clips: (keys int64 [k], frames int64 [k]) of each clip.
    """

    def __init__(self, clips: list[tuple[np.ndarray, np.ndarray]]):
        none = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
        keys, frames = map(np.concatenate, zip(*(clips or none), strict=True))
        clip = np.repeat(np.arange(len(clips)), [len(k) for k, _ in clips])
        order = np.argsort(keys, kind="stable")
        self._keys, self._frames, self._clip = keys[order], frames[order], clip[order]
        self._span = int(frames.max(initial=0)) + 1

    def candidates(self, keys: np.ndarray, frames: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
        """Find the stretches that share most keys with a test clip.

        Args:
            keys: int64 [k], of the test clip.
            frames: int [k], theirs.

        Returns:
            (number of a clip, its frame minus that of the test clip, frames of the test clip with
            a key in common), the likeliest first.
        """
        low, high = (np.searchsorted(self._keys, keys, side) for side in ("left", "right"))
        count = np.where(high - low > COMMON, 0, high - low)
        at = np.repeat(low, count) + np.arange(count.sum())
        at -= np.repeat(np.cumsum(count) - count, count)  # position in the index of each pair
        longest = int(frames.max(initial=0)) + 1
        width = self._span + longest
        own = np.repeat(frames, count)
        pairs = self._clip[at] * width + self._frames[at] - own + longest
        code, votes = np.unique(pairs, return_counts=True)
        best = np.argsort(-votes, kind="stable")[:TRIED]
        best = best[votes[best] >= VOTES]
        return [(int(c // width), int(c % width) - longest, own[pairs == c]) for c in code[best]]


def _hashes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the hash of each frame that differs from the one before, and the frame's number."""
    keys = rows["hash"]
    frames = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
    return keys[frames], frames


def _motion_keys(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which two blocks change most, and how, at two moments; and the frames' numbers."""
    grid = rows["grid"].astype(np.int16)
    if len(grid) < LAG + GAP + 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    change = (grid[LAG:] - grid[:-LAG]).astype(np.float32)
    change -= np.median(change, 1, keepdims=True)
    top = np.sort(np.argpartition(-np.abs(change), 2, axis=1)[:, :2], 1)
    value = np.take_along_axis(change, top, 1)
    half = ((2 * top + (value > 0)) * (1, 2 * GRID * GRID)).sum(1)  # below 2 ** 18
    strong = np.abs(value).min(1) >= 2
    both = strong[:-GAP] & strong[GAP:]
    keys = half[:-GAP].astype(np.int64) << 18 | half[GAP:].astype(np.int64)
    return keys[both], np.flatnonzero(both)


def _equal(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Yield (start, stop, 1) of stretches of equal frames that hold enough different ones."""
    same = a["hash"] == b["hash"]
    for start, stop in _runs(same):
        if len(np.unique(a["hash"][start:stop])) >= DISTINCT:
            yield start, stop, 1.0


def _agree(a: np.ndarray, b: np.ndarray, frames: np.ndarray) -> bool:
    """Say whether clips are alike around one of some frames: most candidates are not anywhere.

    Args:
        a: rows of the test clip, aligned with `b`.
        b: rows of the other clip.
        frames: of both, with a key in common.
    """
    if len(a) < SHORTEST:
        return False
    frames = frames[:: -(-len(frames) // LOOKS)]
    first = np.clip(frames - (SHORTEST - LAG - GAP) // 2, 0, len(a) - SHORTEST)
    at = first[:, None] + np.arange(SHORTEST)  # [k, t]
    x, y = (each["grid"][at].astype(np.float32) for each in (a, b))  # [k, t, c]
    x, y = (each - each.mean(2, keepdims=True) for each in (x, y))
    x, y = (each - each.mean(1, keepdims=True) for each in (x, y))
    product, xx, yy = (np.einsum("ktc,ktc->k", *pair) for pair in ((x, y), (x, x), (y, y)))
    return bool((product >= LIKE * np.sqrt(xx * yy)).any())


def _altered(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Yield (start, stop, correlation) of stretches in which the same things move."""
    if len(a) < SHORTEST:
        return
    a, b = _blocks(a), _blocks(b)
    like = _correlations(a, b) >= LIKE  # by first frame of the stretch
    covered = np.zeros(len(a), bool)
    for start, stop in _runs(like):
        covered[start : stop + SHORTEST - 1] = True
    for start, stop in _runs(covered):
        x, y = (each[start:stop] - each[start:stop].mean(0) for each in (a, b))
        score = _correlation(x, y)
        if score >= LIKE:
            yield start, stop, score


def _is_distinct(copy: Copy, video: np.ndarray, other: np.ndarray) -> bool:
    """Say whether what an altered copy shows could not be alike by chance.

    Args:
        copy: the copy.
        video: rows of the test clip.
        other: rows of the other clip.
    """
    step = max(1, (copy.stop - copy.start) // (4 * SHORTEST))
    frames = np.arange(copy.start, copy.stop, step)
    x, y = _blocks(video[frames]), _blocks(other[frames + copy.other_start - copy.start])
    part = video[copy.start : copy.stop][: 4 * SHORTEST]
    return _has_detail(x - x.mean(0), y - y.mean(0)) and _occurs_once(part, other, copy.other_start)


def _has_detail(x: np.ndarray, y: np.ndarray) -> bool:
    """Say whether stretches are alike beyond two patterns, such as a light that is switched on.

    Args:
        x: [t, c] blocks of a stretch, each without its mean over time.
        y: the same of the other stretch.
    """
    patterns = np.linalg.eigh(x @ x.T)[1][:, -2:].T @ x  # [2, c]
    patterns /= np.maximum(np.linalg.norm(patterns, axis=1, keepdims=True), 1e-9)
    x, y = (each - each @ patterns.T @ patterns for each in (x, y))
    changes = min(np.square(x).mean(), np.square(y).mean()) >= CHANGE / 2
    return bool(changes and _correlation(x, y) >= RESIDUE)


def _occurs_once(part: np.ndarray, clip: np.ndarray, place: int) -> bool:
    """Say whether a stretch matches a clip at one place only, as nothing periodic does.

    Args:
        part: rows of the stretch.
        clip: rows of the whole clip.
        place: frame of the clip at which it matches.
    """
    part, clip = _blocks(part), _blocks(clip)
    x, length = part - part.mean(0), len(part)
    number = len(clip) - length + 1
    product = sum(clip[t : t + number] @ x[t] for t in range(length))  # [number]
    total, square = (np.cumsum(np.vstack([0 * v[:1], v]), 0) for v in (clip, clip**2))
    energy = (square[length:] - square[:-length]).sum(1)
    energy = energy - np.square(total[length:] - total[:-length]).sum(1) / length
    like = product / np.sqrt(np.maximum(np.square(x).sum() * energy, 1e-9))
    apart = like < 0.5
    left = place - int(np.argmax(apart[place::-1])) if apart[: place + 1].any() else 0
    right = place + int(np.argmax(apart[place:])) if apart[place:].any() else len(like)
    return bool((np.r_[like[:left], like[right:]] < LIKE).all())


def _blocks(rows: np.ndarray) -> np.ndarray:
    """Return the blocks float64 [t, c], each frame without its mean."""
    grid = rows["grid"].astype(np.float64)
    return grid - grid.mean(1, keepdims=True)


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
