"""What scores are usual at each hour of the week: how far the threshold moves with it.

The highest score of every ten seconds is counted in the hour of the week that it falls in, and old
counts fade. The threshold moves by as much as the usual score of the hour (nine in ten are lower)
differs from that of the held-out footage: up in a rush hour and as a lens grows dirty, down in a
quiet night. Scores at or above the threshold are never counted, however long they last, so that
what stays for hours is not learnt away; somebody has to call it normal.
"""

import contextlib
import datetime
import functools
import math
import pathlib
import zipfile
from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.live.event import Event
from vadjax.storage.files import atomic_write

BLOCK_S = 10.0  # of which the highest score is counted
QUANTILE = 0.9  # of the counted scores, which is called usual
LEAST = 100.0  # counts that have not faded, from which on an hour or all of them are known
WEEKS, DAYS = 3, 2  # different days on which an hour, or any of them, has been seen
STAYS_S = 600.0  # that an event called normal has lasted, from which on its hours change
TOLD = 10.0  # counts for each block of such an event
LONGEST_S = 7 * 86400.0  # of an event, that is counted
_LOWEST = -0.5  # of the way from the usual score to the threshold, that it moves down at most
_BINS, _SPAN = 256, 4.0  # of a histogram, and its range in the same unit
_SAVE_S = 3600.0
_QUARTER_S = 900.0  # clocks differ from UTC by multiples of it
_HOURS = 168
_MOST_TOLD = 1000


class Usual:
    """See the module; of one source.

    Args:
        held_out: the highest scores of ten seconds each of footage that the threshold comes from.
        threshold: of the detector.
        forget_s: seconds in which a count fades to a third; at least an hour.
        path: of the file in which it is kept through restarts; None keeps nothing.

    Raises:
        UserError: the file is damaged.
    """

    def __init__(
        self,
        held_out: Sequence[float],
        threshold: float,
        *,
        forget_s: float,
        path: pathlib.Path | None = None,
    ):
        self._forget_s, self._path = forget_s, path
        self._reference = float(np.quantile(held_out, QUANTILE)) if len(held_out) else math.nan
        self._way = threshold - self._reference  # not above 0, or NaN: nothing can be said
        self._low = self._reference - self._way * _SPAN / 4
        self._width = self._way * _SPAN / _BINS
        self._counts = np.zeros((_HOURS, _BINS), np.float64)
        self._faded = np.zeros(_HOURS)  # up to when, seconds since 1970 UTC
        self._days, self._last_day = np.zeros(_HOURS, np.int64), np.zeros(_HOURS, np.int64)
        self._told: list[str] = []  # events that have been called normal
        self._block, self._highest, self._counts_block = -1, -math.inf, True
        self._saved: float | None = None
        self._shift, self._asked = 0.0, (-1, -1)
        self._all: tuple[int, np.ndarray] = (-1, np.zeros(_BINS))
        if path is not None and path.exists():
            self._read(path)

    def update(self, wall: float, score: float, *, counts: bool) -> None:
        """Take the score of a frame.

        Args:
            wall: seconds since 1970 UTC.
            score: of it.
            counts: it is below the threshold that holds, and means something.
        """
        block = int(wall // BLOCK_S)
        if block != self._block:
            self._end_block()
            self._block, self._highest, self._counts_block = block, -math.inf, True
        self._highest = max(self._highest, score)
        self._counts_block = self._counts_block and counts
        if self._saved is None:
            self._saved = wall
        elif wall - self._saved >= _SAVE_S:
            self._saved = wall
            self.save()

    def shift(self, wall: float) -> float:
        """Return by how much the threshold moves now.

        Args:
            wall: seconds since 1970 UTC.

        Returns:
            In the unit of the score; 0.0 where not enough has been seen.
        """
        hour = _hour(wall)
        if self._asked != (hour, self._block):
            self._asked, self._shift = (hour, self._block), self._shift_of(hour, wall)
        return self._shift

    def told(self, normal: Sequence[Event]) -> None:
        """Learn what somebody has called normal, and take back what no longer is.

        Args:
            normal: all events of the source that are called so.
        """
        now = {event.id: event for event in normal if _stays(event)}
        for event in (one for name, one in now.items() if name not in self._told):
            assert event.score is not None
            stop = min(event.end or event.peak, event.start + LONGEST_S)
            for at in np.arange(event.start, stop, BLOCK_S).tolist():
                self._count(at, event.score, TOLD)
        gone = [name for name in self._told if name not in now]
        if now.keys() - set(self._told) or gone:  # what is taken back fades like all else
            self._told, self._asked = list(now)[-_MOST_TOLD:], (-1, -1)
            self.save()

    def save(self) -> None:
        """Keep what was learnt; on a full disk later."""
        if self._path is None:
            return
        arrays: dict[str, np.ndarray] = {
            "counts": self._counts.astype(np.float32),
            "faded": self._faded,
            "days": self._days,
            "last_day": self._last_day,
            "told": np.array(self._told, dtype=str),
            "scale": np.array([self._low, self._width]),
        }
        with (
            contextlib.suppress(UserError),
            atomic_write(self._path) as beside,
            beside.open("wb") as file,
        ):
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def _read(self, path: pathlib.Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as file:
                if not np.allclose(file["scale"], [self._low, self._width], equal_nan=True):
                    return  # of another detector: its scores mean something else
                self._counts = file["counts"].astype(np.float64).reshape(_HOURS, _BINS)
                self._faded, self._days = file["faded"], file["days"]
                self._last_day, self._told = file["last_day"], file["told"].tolist()
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path} is damaged ({error}): remove it, to learn anew.") from error

    def _end_block(self) -> None:
        if self._counts_block and math.isfinite(self._highest):
            self._count(self._block * BLOCK_S, self._highest, 1.0)

    def _count(self, wall: float, score: float, weight: float) -> None:
        if not self._way > 0:
            return
        hour, day = _hour_and_day(int(wall // _QUARTER_S))
        self._fade(hour, wall)
        number = int(min(max((score - self._low) // self._width, 0), _BINS - 1))
        self._counts[hour, number] += weight
        if self._last_day[hour] != day:
            self._last_day[hour], self._days[hour] = day, self._days[hour] + 1

    def _fade(self, hour: int, wall: float) -> None:
        passed = max(0.0, wall - self._faded[hour]) if self._faded[hour] else 0.0
        self._counts[hour] *= math.exp(-passed / self._forget_s)
        self._faded[hour] = max(self._faded[hour], wall)

    def _shift_of(self, hour: int, wall: float) -> float:
        counts = self._counts[hour] * math.exp(-max(0.0, wall - self._faded[hour]) / self._forget_s)
        if self._days[hour] < WEEKS or counts.sum() < LEAST:
            counts = self._of_all(wall)
            days = len(set(self._last_day.tolist()) - {0})
            if days < DAYS or counts.sum() < 24 * LEAST:
                return 0.0
        reached = np.cumsum(counts) / counts.sum()
        number = int(np.searchsorted(reached, QUANTILE))
        usual = self._low + (number + 0.5) * self._width
        return max(usual - self._reference, _LOWEST * self._way)

    def _of_all(self, wall: float) -> np.ndarray:
        """Return the counts of all hours together, as they were at the last full hour."""
        number = int(wall // 3600)
        if self._all[0] != number:
            passed = np.clip(wall - self._faded, 0, None)
            fading = np.exp(-passed / self._forget_s)
            self._all = number, (self._counts * fading[:, None]).sum(0)
        return self._all[1]


def _hour(wall: float) -> int:
    """Return the hour of the week by the clock of this machine, from Monday's first."""
    return _hour_and_day(int(wall // _QUARTER_S))[0]


@functools.lru_cache(maxsize=64)
def _hour_and_day(quarter: int) -> tuple[int, int]:
    """Return the hour of the week and the day of a quarter of an hour since 1970 UTC."""
    local = datetime.datetime.fromtimestamp(quarter * _QUARTER_S)
    return 24 * local.weekday() + local.hour, local.toordinal()


def _stays(event: Event) -> bool:
    stop = event.peak if event.end is None else event.end
    return event.score is not None and stop - event.start >= STAYS_S


def highest_of(held_out: Sequence[ScoredVideo]) -> list[float]:
    """Return the highest score of each ten seconds of held-out normal clips.

    Args:
        held_out: scored; labelled frames that are abnormal do not count.

    Returns:
        The scores; none where the clips have no times.
    """
    found = list[float]()
    for video in held_out:
        normal = video.as_normal()
        scores = np.where(normal.truth == 0, np.asarray(normal.scores, np.float64), -np.inf)
        step = max(1, round(BLOCK_S * (normal.fps or 0.0)))
        starts = range(0, max(len(scores) - step // 2, 1), step) if normal.fps else ()
        found += [float(scores[start : start + step].max()) for start in starts]
    return [score for score in found if math.isfinite(score)]
