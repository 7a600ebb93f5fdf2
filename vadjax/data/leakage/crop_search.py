"""Which clips may be cut out of the frames of others: at any place, size and distance in time.

A crop changes in time as the part of the whole frame does that it shows. All parts of a grid of
places and sizes are correlated with all clips at all distances in time at once, by Fourier
transforms over a coarse grid of blocks; the best places are then adjusted (`crop_place`). Long
clips are searched in pieces, so that memory does not grow with their length.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from vadjax.data.frames.content import GRID
from vadjax.data.leakage.changed_rows import Look
from vadjax.data.leakage.copy_match import SHORTEST
from vadjax.data.leakage.crop_place import Crop, Place, adjusted, is_copy, together
from vadjax.data.leakage.variants import SPACE, cropped, negative, plain

COARSE = 8  # blocks a side of the search
EVERY = 2  # frames of a step of the search
LAG = 3  # steps between the frames that are subtracted
SHARES = (0.9, 0.8, 0.7, 0.6)  # width and height of the crops that are tried
STEP = 0.1  # between their places, as a share of the frame
PROMISING = 0.35  # correlation of the search from which places are adjusted
STARTS = 4  # places of which the best is adjusted
UNCUT = 1536  # frames of the longest crop in one piece
PART = 1024  # of the pieces of longer ones
WHOLE = 3072  # frames of a piece of the whole clip; neighbours share `PART`
PLACES: tuple[Place, ...] = tuple(
    (float(top), float(left), share)
    for share in SHARES
    for top, left in itertools.product(np.arange(0, 1 - share + 1e-9, STEP), repeat=2)
)
LOOKS = (("", plain), *SPACE, ("negative", negative))  # of what may be a crop
AT_ONCE = 64  # pieces that are compared with another at once


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
    """A part of a clip.

    Attributes:
        kind: what is done to it, "" for nothing.
        clip: id.
        start: its first frame in the clip.
        as_is: `content.ROW` [t] of its frames.
        look: does it.
    """

    kind: str
    clip: str
    start: int
    as_is: np.ndarray
    look: Look = plain

    @property
    def rows(self) -> np.ndarray:
        """`content.ROW` [t]; made when asked for, as the pieces of a long clip are many."""
        return self.look(self.as_is)


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
        piece._replace(kind=f"{kind}, cropped" if kind else "cropped", look=look)
        for name, rows in parts.items()
        for piece in _pieces(name, rows, longest=UNCUT, length=PART, hop=PART)
        for kind, look in LOOKS
    ]
    found = []
    for other, rows in wholes.items():
        for whole in _pieces(other, rows, longest=WHOLE, length=WHOLE, hop=WHOLE - PART):
            for part, distance, places in _promising(pieces, whole):
                if part.clip == other or (part.clip, other) in known:
                    continue
                near = range(distance - EVERY + 1, distance + EVERY)
                crop = adjusted(part.rows, whole.rows, near, places)
                if crop and is_copy(part.rows, whole.rows, crop):
                    start = part.start + max(0, -crop.offset)
                    span = start, start + crop.frames
                    crop = crop._replace(offset=crop.offset + whole.start - part.start)
                    found.append(Found(part.kind, part.clip, other, *span, crop))
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
) -> Iterator[tuple[_Piece, int, list[Place]]]:
    """Yield the pieces that change as a part of a clip does, with distance and likeliest places."""
    if not pieces:
        return
    longest = max(len(piece.as_is) for piece in pieces)
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
                best = np.argsort(-like[number, :, at])[:STARTS]
                yield piece, distance, [PLACES[each] for each in best]


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
            crop = max(last.crop, each.crop, key=together)
            joined[-1] = last._replace(stop=max(last.stop, each.stop), crop=crop)
        else:
            joined.append(each)
    return joined


def _spectrum(rows: np.ndarray, length: int) -> np.ndarray:
    """Return the Fourier transform [f, COARSE * COARSE] of the changes of coarse blocks."""
    grid = rows["grid"][::EVERY].reshape(-1, COARSE, GRID // COARSE, COARSE, GRID // COARSE)
    coarse = grid.astype(np.float32).mean((2, 4)).reshape(len(grid), -1)
    change = coarse[LAG:] - coarse[:-LAG]
    change -= np.median(change, 1, keepdims=True)  # a crop has another mean
    change /= max(float(np.linalg.norm(change)), 1e-9)
    return np.fft.rfft(change, length, axis=0).astype(np.complex64)
