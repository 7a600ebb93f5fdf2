"""When the frames of a video are shown: even or not, in seconds from the first frame.

Times are even where they equal index / rate within a tolerance, because containers round times
(Matroska, WebM and FLV to one millisecond). Even times are not kept: the rate says them all.
"""

from collections.abc import Iterable

import numpy as np

UNKNOWN = np.iinfo(np.int64).min  # in place of a presentation time that a file does not give

ROUNDING_S = 1e-3  # the coarsest unit of time of common containers
REORDERED = 16  # frames by which codecs delay a picture at most
SAID = 0.1  # of the median gap: from there on a gap is another one


def in_order(ticks: np.ndarray) -> np.ndarray:
    """Put presentation times into the order in which frames are shown.

    A file without presentation times (AVI) has those of its packets, which follow another order
    where frames refer to later ones.

    Args:
      ticks: int64 [t] of each frame, in order of presentation; `UNKNOWN` where the file gives none.

    Returns:
      The times in rising order, where none is more than `REORDERED` frames out of place; else
      they say something else, such as a clock that was set back, and are returned as they are.
    """
    if (ticks[1:] >= ticks[:-1]).all() or (ticks == UNKNOWN).any():
        return ticks
    order = np.argsort(ticks, kind="stable")
    if np.abs(order - np.arange(len(order))).max(initial=0) > REORDERED:
        return ticks
    return ticks[order]


class Clock:
    """Presentation times, one after another, to seconds from the first frame.

    A time that is missing, or that does not grow, is that of the frame before and `step_s`.

    Args:
      tick_s: seconds of one tick.
      step_s: usual seconds from one frame to the next.
    """

    def __init__(self, tick_s: float, *, step_s: float):
        self._tick_s, self._step_s = tick_s, step_s
        self._first: int | None = None
        self._latest = 0.0
        self.count = 0

    def seconds(self, ticks: int | None) -> float:
        """Return the time of the next frame."""
        self.count += 1
        if self._first is None and ticks is not None:
            before_s = self._latest + self._step_s if self.count > 1 else 0.0
            self._first = ticks - round(before_s / self._tick_s)
        time_s = -1.0 if ticks is None else (ticks - (self._first or 0)) * self._tick_s
        if self.count == 1:
            return self._latest
        self._latest = time_s if time_s > self._latest else self._latest + self._step_s
        return self._latest


def seconds(ticks: np.ndarray, *, tick_s: float, step_s: float) -> np.ndarray:
    """Convert presentation times to seconds from the first frame, as a `Clock` does.

    Args:
      ticks: int64 [t] of each frame, in order of presentation; `UNKNOWN` where the file gives none.
      tick_s: seconds of one tick.
      step_s: usual seconds from one frame to the next.

    Returns:
      float64 [t], growing, from 0.
    """
    grows = bool(len(ticks) and ticks[0] > UNKNOWN and (ticks[1:] > ticks[:-1]).all())
    if grows and int(ticks[-1]) - int(ticks[0]) <= np.iinfo(np.int64).max:
        return (ticks - ticks[0]) * tick_s
    clock = Clock(tick_s, step_s=step_s)
    known = (None if tick == UNKNOWN else int(tick) for tick in ticks)
    return np.fromiter(map(clock.seconds, known), np.float64, len(ticks))


def growing(ticks: np.ndarray, *, tick_s: float, step_s: float) -> np.ndarray:
    """Return presentation times as `seconds` reads them, in ticks: one for each frame, growing.

    Args:
      ticks: int64 [t], in order of presentation; `UNKNOWN` where the file gives none, but not all.
      tick_s: seconds of one tick.
      step_s: usual seconds from one frame to the next.

    Returns:
      int64 [t], a time for each frame.
    """
    place = int(np.argmax(ticks != UNKNOWN))
    after = np.rint(seconds(ticks, tick_s=tick_s, step_s=step_s) / tick_s).astype(np.int64)
    return after - after[place] + ticks[place]


def rate_of_even(
    times: np.ndarray, *, rates: Iterable[float | None], tick_s: float
) -> float | None:
    """Return the rate of evenly spaced times.

    They are even where each lies within a millisecond, or within one tick where that is longer,
    of index / rate; but never more than a quarter of a frame away.

    Args:
      times: float64 [t] seconds from the first frame.
      rates: frames a second that the header says, preferred in this order to the measured one.
      tick_s: seconds of one unit of the file's time.

    Returns:
      Frames a second, or None where the times are uneven.
    """
    candidates = [rate for rate in rates if rate]
    if len(times) > 1 and times[-1] > 0:
        candidates.append((len(times) - 1) / float(times[-1]))
    index = np.arange(len(times))
    for rate in candidates:
        tolerance = min(1.01 * max(ROUNDING_S, tick_s), 0.25 / rate)
        if np.abs(times - index / rate).max(initial=0) <= tolerance:
            return rate
    return None


def describe(times: np.ndarray | None) -> str | None:
    """Say how uneven times are, with the least, the median and the greatest gap.

    Args:
      times: float64 [t] seconds; None where they are even.

    Returns:
      The words; None where no gap differs from the median by a tenth.
    """
    if times is None or len(times) < 2:
        return None
    gaps = np.diff(times)
    least, median, greatest = gaps.min(), float(np.median(gaps)), gaps.max()
    if max(greatest - median, median - least) <= max(SAID * median, 2 * ROUNDING_S):
        return None
    return (
        f"frames are unevenly spaced in time: {least:.3f} s apart at least, {median:.3f} s at the "
        f"median, {greatest:.3f} s at most"
    )


def mean_rate(times: np.ndarray) -> float | None:
    """Return the frames a second of uneven times, on average; None of fewer than two."""
    return (len(times) - 1) / float(times[-1]) if len(times) > 1 and times[-1] > 0 else None


def edges(times: np.ndarray | None, fps: float | None, count: int) -> np.ndarray | None:
    """Return when each frame begins to be shown, and when the last one ends.

    The last frame is taken to last for the median gap.

    Args:
      times: float64 [count] seconds, or None where they are index / `fps`.
      fps: frames a second, or None where nothing says.
      count: frames.

    Returns:
      float64 [count + 1] seconds; None where neither times nor a rate are known.
    """
    if times is None:
        return np.arange(count + 1) / fps if fps else None
    if not count:
        return np.zeros(1)
    gaps = np.diff(times)
    last = float(np.median(gaps)) if len(gaps) else 1 / (fps or 1.0)
    return np.append(np.asarray(times, np.float64), times[-1] + last)
