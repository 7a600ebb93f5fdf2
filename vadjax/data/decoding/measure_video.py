"""Decode a video file once from its start to its end, and say what it holds."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vadjax.data.arrays.spill import Spill, SpilledRows
from vadjax.data.decoding.decode import Decoder, Picture
from vadjax.data.decoding.seen import Seen
from vadjax.data.decoding.video_file import placed
from vadjax.data.deviation import Deviation
from vadjax.data.frames import timing
from vadjax.data.frames.timing import REORDERED, UNKNOWN
from vadjax.data.text.lists import spans
from vadjax.errors import UserError

NEAR = 0.6  # of the median gap between packets: one so near to a picture hides no other
UNEVEN = 0.1  # of a step: from there on a gap is no whole number of steps
SQUARE = 0.02  # by which pixels that count as square may be wider than high
DROPPED_S = 10.0  # of frames between two pictures that a file has lost at most
EARLY_S = 1.0  # seconds before the end by the header: from there on a file ends early


@dataclass(frozen=True, eq=False)
class Measured:
    """What decoding has shown.

    Attributes:
      num_frames: pictures decoded, and lost ones among them.
      size: height and width in pixels.
      fps: frames a second; of uneven times their mean; None where the file has no times.
      times: float64 [num_frames] seconds from the first frame; None where they are index / fps.
      announced: frames by the header; -1: by none.
      lost: frames whose packet cannot be decoded or is gone, and that show their neighbour.
      is_damaged: errors were met: the file is always decoded in one thread (`Decoder`).
      notes: what a person should know of the file.
      looked: what `look` returned of each frame, [num_frames]; None where nobody looked.
    """

    num_frames: int
    size: tuple[int, int]
    fps: float | None
    times: np.ndarray | None
    announced: int
    lost: tuple[int, ...]
    is_damaged: bool
    notes: tuple[Deviation, ...]
    looked: SpilledRows | None


def measure(
    path: str | os.PathLike,
    *,
    look: Callable[[Picture], bytes] | None = None,
    spill: Spill | None = None,
) -> Measured:
    """Decode a file, and where errors are met a second time in one thread.

    Args:
      path: a video file.
      look: called with every picture in order; it returns a row of `spill`.
      spill: where these rows go.

    Returns:
      What it holds.

    Raises:
      UserError: it cannot be decoded, or less than half of it can.
    """
    for careful in (False, True):
        seen, looked = Seen(), SpilledRows(spill) if spill else None
        with Decoder(path, careful=careful) as decoder:
            for picture in decoder:
                seen.add(picture)
                if looked is not None and look is not None:
                    looked.append(look(picture))
            size = decoder.size
            is_damaged = bool(decoder.num_errors or decoder.torn or seen.damaged)
            if not is_damaged and len(seen) >= len(decoder.expected):
                break
    if not len(seen) or size is None:
        raise decoder.undecodable()
    rows = None if looked is None else looked.end()
    return _summary(decoder, seen, rows, size, is_damaged=is_damaged)


def _summary(
    decoder: Decoder,
    seen: Seen,
    looked: SpilledRows | None,
    size: tuple[int, int],
    *,
    is_damaged: bool,
) -> Measured:
    ticks, missing = timing.in_order(seen.ticks), list[int]()
    usual = decoder.base_fps or decoder.fps
    step_s = 1 / usual if usual else 1.0
    if is_damaged and (ticks != UNKNOWN).any():
        ticks = timing.growing(ticks, tick_s=decoder.tick_s, step_s=step_s)
        missing = _missing(decoder, ticks)
        near = ticks[np.array(seen.damaged, np.int64)]
        _enough(decoder, len(seen), len(missing))
        dropped = _dropped(np.sort([*ticks, *missing]), [*near, *decoder.torn], decoder.tick_s)
        if len(missing) + len(dropped) <= len(seen):  # else the times alone say it
            missing = sorted([*missing, *dropped])
    lost: tuple[int, ...] = ()
    if missing:
        ticks = np.sort(np.concatenate([ticks[ticks != UNKNOWN], np.array(missing, np.int64)]))
        lost = tuple(np.searchsorted(ticks, missing).tolist())
    fps, times, notes = decoder.fps, None, _notes(decoder, seen, lost)
    if decoder.has_times:
        tick_s = decoder.tick_s
        found = timing.seconds(ticks, tick_s=tick_s, step_s=step_s)
        fps = timing.rate_of_even(found, rates=(decoder.fps, usual), tick_s=tick_s)
        if fps is None:
            fps, times = timing.mean_rate(found), found if len(found) > 1 else None
    if uneven := timing.describe(times):
        notes.append(Deviation(uneven, "times are the file's own, not index / rate"))
    end_s = len(ticks) / fps if fps and times is None else 0.0 if times is None else times[-1]
    if decoder.announced is None and decoder.length_s and end_s:
        notes += _ends_early(end_s, decoder.length_s)
    announced = decoder.announced or -1
    if announced > len(ticks) and _is_whole(decoder, ticks):
        announced = len(ticks)  # the others are not meant to be shown
    return Measured(
        num_frames=len(ticks),
        size=size,
        fps=fps,
        times=times,
        announced=announced,
        lost=lost,
        is_damaged=is_damaged,
        notes=tuple(notes),
        looked=_placed(looked, lost),
    )


def _placed(looked: SpilledRows | None, lost: Sequence[int]) -> SpilledRows | None:
    """Return a row for every frame, its neighbour's for those that are lost."""
    if looked is None or not lost:
        return looked
    rows = looked.emptied()
    for row in placed((row for block in looked.blocks() for row in block), frozenset(lost)):
        rows.append(row.tobytes())
    return rows.end()


def _enough(decoder: Decoder, num_seen: int, num_missing: int) -> None:
    if num_missing > num_seen:
        why = f" ({decoder.reason})" if decoder.reason else ""
        raise UserError(
            f"{decoder.name}: {num_missing} of {num_missing + num_seen} frames cannot be decoded"
            f"{why}. Restore the file."
        )


def _is_whole(decoder: Decoder, ticks: np.ndarray) -> bool:
    """Return whether nothing is lost: all packets are there, or the last frame ends at the end.

    A header also counts frames that editing has cut off (MP4), and those for which there is no
    picture, as the one before goes on (AVI).
    """
    if decoder.num_packets >= (decoder.announced or 0) and not decoder.num_errors:
        return True
    known = ticks[ticks != UNKNOWN]
    if decoder.num_errors or not decoder.length_s or len(known) < max(2, len(ticks)):
        return False
    gap_s = float(np.median(np.diff(known))) * decoder.tick_s
    return bool((known[-1] - known[0]) * decoder.tick_s >= decoder.length_s - 2 * gap_s)


def _missing(decoder: Decoder, shown: np.ndarray) -> list[int]:
    """Return the times of packets, between pictures, that have given none.

    Before the first picture they count only where the header counts frames, so that a recording
    that begins in the middle of a group of pictures begins with what can be decoded.
    """
    if len(shown) < 2:
        return []
    expected = np.unique(np.array(decoder.expected, np.int64))
    inside = expected < shown[-1]
    if decoder.announced is None:
        inside &= expected > shown[0]
    at = np.searchsorted(shown, expected).clip(1, len(shown) - 1)
    away = np.minimum(np.abs(expected - shown[at - 1]), np.abs(expected - shown[at]))
    return expected[inside & (away > NEAR * np.median(np.diff(expected)))].tolist()


def _dropped(ticks: np.ndarray, damage: Sequence[int], tick_s: float) -> list[int]:
    """Return the times of frames of which nothing is left, not even a packet.

    They are missing where the time jumps by a whole number of usual steps next to damage, as
    where a transport stream has lost packets. A longer jump is an interruption.

    Args:
      ticks: [n], times of pictures and of packets that gave none, growing.
      damage: times of what is known to be damaged.
      tick_s: seconds of one tick.

    Returns:
      Times between those of `ticks`.
    """
    if len(ticks) < 2 or not damage:
        return []
    before, after = ticks[:-1].astype(np.float64), ticks[1:].astype(np.float64)
    step = float(np.median(after - before))
    steps = (after - before) / step
    known, near = np.sort(np.array(damage, np.float64)), REORDERED * step
    first = np.searchsorted(known, before - near)  # damage from there on, if it comes in time
    is_near = np.append(known, np.inf)[first] <= after + near
    counts = np.rint(steps)
    is_lost = is_near & (counts > 1) & (np.abs(steps - counts) <= UNEVEN)
    is_lost &= steps * step * tick_s <= DROPPED_S
    return [
        round(before[i] + k * steps[i] * step / counts[i])
        for i in np.flatnonzero(is_lost).tolist()
        for k in range(1, int(counts[i]))
    ]


def _ends_early(end_s: float, length_s: float) -> list[Deviation]:
    """Say that a file that does not count its frames holds fewer seconds than it says."""
    if end_s > length_s - max(EARLY_S, 0.02 * length_s):
        return []
    what = f"the file ends early: at {end_s:.2f} s of the {length_s:.2f} s that its header says"
    return [Deviation(what, "only what is there is used; the file is cut short or damaged")]


def _notes(decoder: Decoder, seen: Seen, lost: Sequence[int]) -> list[Deviation]:
    """Say what else differs from a plain video."""
    notes = []
    place = np.delete(np.arange(len(seen) + len(lost)), lost)  # of each decoded picture
    damaged = place[np.array(seen.damaged, np.int64)].tolist()
    if damaged:
        notes.append(
            Deviation(
                f"some frames are damaged: {spans(damaged)} (0-based)",
                "the decoder has filled in what is missing in them",
            )
        )
    sizes = list(dict.fromkeys(size for _, size in seen.sizes))
    if len(sizes) > 1:
        first = int(place[seen.sizes[1][0]])
        named = ", ".join(f"{w}x{h}" for h, w in sizes[:4])
        notes.append(
            Deviation(
                f"the size of the picture changes: {named}, from frame {first} on",
                "all frames are resized to the size of the first",
            )
        )
    if abs(decoder.pixel_aspect - 1) > SQUARE:
        shape = "wide" if decoder.pixel_aspect > 1 else "narrow"
        notes.append(
            Deviation(
                f"pixels are not square: {decoder.pixel_aspect:.3g} times as wide as high, by the "
                "header",
                f"frames are read as they are stored, less {shape} than a player shows them",
            )
        )
    if decoder.num_streams > 1:
        notes.append(
            Deviation(
                f"the file holds several picture streams: {decoder.num_streams}",
                "the first one is read",
            )
        )
    return notes
