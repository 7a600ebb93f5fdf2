"""Which clips may be cut out of the frames of others: at any place, size and distance in time.

A crop changes in time as the part of the whole frame does that it shows. All parts of a grid of
places and sizes are correlated with all clips at all distances in time at once, by Fourier
transforms over a coarse grid of blocks; the best place is then adjusted until the clips are most
alike. A copy is alike in detail too, not only in what moves most. Long clips are searched in
pieces, so that memory does not grow with their length.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from vadjax.data.frames.content import GRID
from vadjax.data.leakage.copy_match import SHORTEST, has_detail
from vadjax.data.leakage.variants import SPACE, cropped, negative, plain

COARSE = 8  # blocks a side of the search
EVERY = 2  # frames of a step of the search
LAG = 3  # steps between the frames that are subtracted
SHARES = (0.9, 0.8, 0.7, 0.6)  # width and height of the crops that are tried
STEP = 0.1  # between their places, as a share of the frame
LEAST = 0.58  # the smallest crop: where less is seen, different clips may look alike
LARGEST = 0.97  # a larger one is found as an altered copy
PROMISING = 0.35  # correlation of the search from which a place is adjusted
LIKE = 0.7  # the same, from which it is a copy, if the clips are alike in detail too
DETAIL = 0.6  # correlation without the two strongest patterns
FRAMES = 32  # that they share, at least
UNCUT, PART = (
    1536,
    1024,
)  # frames of the longest crop in one piece, and of the pieces of longer ones
WHOLE = 3072  # frames of a piece of the whole clip; neighbours share `PART`
STEPS = (0.05, 0.025, 0.0125)  # of the adjustment, as shares of the frame
PLACES = tuple(
    (float(top), float(left), share)
    for share in SHARES
    for top, left in itertools.product(np.arange(0, 1 - share + 1e-9, STEP), repeat=2)
)
LOOKS = (("", plain), *SPACE, ("negative", negative))  # of what may be a crop
AT_ONCE = 64  # pieces that are compared with another at once


class Crop(NamedTuple):
    """A place in a frame, as shares of it, and a distance in time.

    Attributes:
        offset: frame of the whole clip minus that of the crop.
        top, left: of the crop.
        share: its width and height.
        like: correlation of all changes there.
    """

    offset: int
    top: float
    left: float
    share: float
    like: float


class Found(NamedTuple):
    """A clip that is a crop of another.

    Attributes:
        kind: "cropped", after what else was done to it.
        part: id of the crop.
        whole: id of what it is cut out of.
        start: first frame of `part` that is.
        stop: the frame after the last.
        crop: where.
    """

    kind: str
    part: str
    whole: str
    start: int
    stop: int
    crop: Crop


class _Piece(NamedTuple):
    kind: str
    clip: str
    start: int
    rows: np.ndarray


def find_crops(
    parts: Mapping[str, np.ndarray],
    wholes: Mapping[str, np.ndarray],
    known: Collection[tuple[str, str]] = (),
) -> list[Found]:
    """Find the clips that are cut out of the frames of others.

    Args:
        parts: id -> `content.ROW` [t] of what may be a crop.
        wholes: id -> `content.ROW` [s] of what it may be cut out of.
        known: (id of the crop, id of the whole) of pairs that are not looked at.

    Returns:
        A stretch of a pair of clips each.
    """
    pieces = [
        piece._replace(kind=f"{kind}, cropped" if kind else "cropped", rows=change(piece.rows))
        for name, rows in parts.items()
        for piece in _pieces(name, rows, longest=UNCUT, length=PART, hop=PART)
        for kind, change in LOOKS
    ]
    found = []
    for other, rows in wholes.items():
        for whole in _pieces(other, rows, longest=WHOLE, length=WHOLE, hop=WHOLE - PART):
            for part, place in _promising(pieces, whole):
                if part.clip == other or (part.clip, other) in known:
                    continue
                crop = _adjusted(part.rows, whole.rows, *place)
                if crop and (span := is_copy(part.rows, whole.rows, crop)):
                    crop = crop._replace(offset=crop.offset + whole.start - part.start)
                    start, stop = (frame + part.start for frame in span)
                    found.append(Found(part.kind, part.clip, other, start, stop, crop))
    return _joined(found)


def _pieces(name: str, rows: np.ndarray, *, longest: int, length: int, hop: int) -> list[_Piece]:
    """Cut a clip that is longer than `longest`; what is too short for a search is left out."""
    if len(rows) <= longest:
        starts, length = [0], len(rows)
    else:
        starts = [*range(0, len(rows) - length, hop), len(rows) - length]
    least = SHORTEST + LAG * EVERY
    return [_Piece("", name, at, rows[at : at + length]) for at in starts if length >= least]


def _promising(
    pieces: Sequence[_Piece], whole: _Piece
) -> Iterator[tuple[_Piece, tuple[int, tuple[float, float, float]]]]:
    """Yield the pieces that change as a part of a clip does, each with its distance and place."""
    if not pieces:
        return
    longest = max(len(piece.rows) for piece in pieces)
    length = 1 << ((longest + len(whole.rows)) // EVERY + 1).bit_length()
    seen = np.stack([_spectrum(cropped(*place)(whole.rows), length) for place in PLACES])
    for first in range(0, len(pieces), AT_ONCE):
        several = pieces[first : first + AT_ONCE]
        own = np.stack([_spectrum(piece.rows, length) for piece in several])
        like = np.fft.irfft(  # [pieces, places, distances]
            np.moveaxis(
                np.moveaxis(own.conj(), 1, 0) @ np.moveaxis(seen, 1, 0).swapaxes(1, 2), 0, 2
            ),
            length,
            axis=2,
        )
        for number, piece in enumerate(several):
            place, at = np.unravel_index(np.argmax(like[number]), like[number].shape)
            if like[number, place, at] >= PROMISING:
                distance = EVERY * (int(at) if at < length // 2 else int(at) - length)
                yield piece, (distance, PLACES[place])


def _joined(found: Sequence[Found]) -> list[Found]:
    """Join what was found in neighbouring pieces of the same two clips."""
    joined: list[Found] = []
    for each in sorted(found, key=lambda one: (one.kind, one.part, one.whole, one.start)):
        last = joined[-1] if joined else None
        if (
            last is not None
            and last[:3] == each[:3]
            and each.start <= last.stop + EVERY
            and abs(last.crop.offset - each.crop.offset) <= EVERY
        ):
            crop = max(last.crop, each.crop, key=lambda crop: crop.like)
            joined[-1] = last._replace(stop=max(last.stop, each.stop), crop=crop)
        else:
            joined.append(each)
    return joined


def is_copy(part: np.ndarray, whole: np.ndarray, crop: Crop) -> tuple[int, int] | None:
    """Say whether a clip is what is seen at a place of another.

    Args:
        part: `content.ROW` [t] of the crop.
        whole: `content.ROW` [s] of the other clip.
        crop: where it may have been cut out.

    Returns:
        The frames of `part`, (start, stop); None if it is none.
    """
    start, other = max(0, -crop.offset), max(0, crop.offset)
    shared = min(len(part) - start, len(whole) - other)
    if crop.like < LIKE or shared < FRAMES:
        return None
    x = _changes(part[start : start + shared]).astype(np.float64)
    seen = cropped(crop.top, crop.left, crop.share)(whole[other : other + shared])
    y = _changes(seen).astype(np.float64)
    return (start, start + shared) if has_detail(x, y, least=DETAIL) else None


def _spectrum(rows: np.ndarray, length: int) -> np.ndarray:
    """Return the Fourier transform [f, COARSE * COARSE] of the changes of coarse blocks."""
    grid = rows["grid"][::EVERY].reshape(-1, COARSE, GRID // COARSE, COARSE, GRID // COARSE)
    coarse = grid.astype(np.float32).mean((2, 4)).reshape(len(grid), -1)
    change = coarse[LAG:] - coarse[:-LAG]
    change -= np.median(change, 1, keepdims=True)  # a crop has another mean
    change /= max(float(np.linalg.norm(change)), 1e-9)
    return np.fft.rfft(change, length, axis=0).astype(np.complex64)


def _adjusted(
    part: np.ndarray, whole: np.ndarray, offset: int, place: tuple[float, float, float]
) -> Crop | None:
    """Return the place near to one at which the clips are most alike; None of too few frames."""
    best: Crop | None = None
    for distance in range(offset - EVERY + 1, offset + EVERY):
        start, other = max(0, -distance), max(0, distance)
        shared = min(len(part) - start, len(whole) - other)
        if shared < SHORTEST:
            continue
        like = _alike(place, part[start : start + shared], whole[other : other + shared])
        if best is None or like > best.like:
            best = Crop(distance, *place, like)
    if best is None:
        return None
    start, other = max(0, -best.offset), max(0, best.offset)
    shared = min(len(part) - start, len(whole) - other)
    own, seen = part[start : start + shared], whole[other : other + shared]
    for step in STEPS:
        better = True
        while better:
            better = False
            for move in _moves(best, step):
                if (value := _alike(move, own, seen)) > best.like + 1e-4:
                    best, better = Crop(best.offset, *move, value), True
    return best


def _moves(place: Crop, step: float) -> list[tuple[float, float, float]]:
    moves = [(step, 0.0, 0.0), (-step, 0.0, 0.0), (0.0, step, 0.0), (0.0, -step, 0.0)]
    moves += [(-step / 2, -step / 2, step), (step / 2, step / 2, -step)]
    found = []
    for top, left, share in moves:
        size = float(np.clip(place.share + share, LEAST, LARGEST))
        high, far = (float(np.clip(v, 0, 1 - size)) for v in (place.top + top, place.left + left))
        found.append((high, far, size))
    return found


def _alike(place: tuple[float, float, float], part: np.ndarray, whole: np.ndarray) -> float:
    """Return the correlation of all changes of a crop with those of the frame at a place."""
    x, y = (_changes(rows) for rows in (part, cropped(*place)(whole)))
    return float((x * y).sum() / (np.linalg.norm(x) * np.linalg.norm(y) + 1e-9))


def _changes(rows: np.ndarray) -> np.ndarray:
    """Return float32 [t, c]: each block without its mean over time, each frame without its own."""
    grid = rows["grid"].astype(np.float32)
    grid -= np.median(grid, 1, keepdims=True)
    wide = np.pad(grid.reshape(-1, GRID, GRID), ((0, 0), (1, 1), (1, 1)), mode="edge")
    wide = wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]  # blocks of the two lie differently
    wide = wide[:, :, :-2] + wide[:, :, 1:-1] + wide[:, :, 2:]
    smooth = (wide.reshape(len(grid), -1) / 9).astype(np.float32)
    return smooth - smooth.mean(0)
