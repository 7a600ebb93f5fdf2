"""The alarms that many thresholds would raise, in one pass over all videos."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.events import MERGE_S, SAME_S, merged_runs, runs

CELLS_AT_ONCE = 1 << 18  # of a table of thresholds by frames; larger ones fit no cache


class Alarms(NamedTuple):
    """The alarms of some thresholds.

    Attributes:
        first: number of the first threshold; of several sets of scores each has its own, one set
            behind the other.
        num: how many thresholds there are.
        row: int [k], number of the threshold of each alarm, from `first` on; rising.
        start, stop: int [k], half-open, in the frames of all videos end to end, each with one
            normal frame behind it.
    """

    first: int
    num: int
    row: np.ndarray
    start: np.ndarray
    stop: np.ndarray


def alarms_at(
    videos: Sequence[ScoredVideo], thresholds: np.ndarray, instead: np.ndarray | None = None
) -> Iterator[Alarms]:
    """Find the alarms at each of many thresholds, merged as `events.merged_runs` merges them.

    Args:
        videos: their own thresholds are not used.
        thresholds: float [n]; a frame is called abnormal from it upwards.
        instead: float [k, t], several sets of scores of the videos end to end, in place of theirs.

    Yields:
        The alarms of some thresholds at a time, so that memory is bounded.
    """
    flat, place, gaps, number = end_to_end(videos)
    sets = flat[None]
    if instead is not None:
        sets = np.full((len(instead), len(flat)), -np.inf)
        sets[:, np.append(number[1:] == number[:-1], False)] = instead  # not behind a video
    for first, above in _tables(sets, np.asarray(thresholds, np.float64)):
        found = runs(above.ravel())  # thresholds lie end to end too
        row, at = np.divmod(found, len(flat))
        own = number[at[:, 0]]
        apart = place[at[1:, 0]] - place[at[:-1, 1]] >= gaps[at[1:, 0]]
        apart |= (own[1:] != own[:-1]) | (row[1:, 0] != row[:-1, 0])
        some = np.ones(min(len(found), 1), bool)
        begins, ends = np.append(some, apart), np.append(apart, some)
        yield Alarms(first, len(above), row[begins, 0], at[begins, 0], at[ends, 1])


def _tables(sets: np.ndarray, limits: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first of some thresholds, and what they call: bool [thresholds, frames]."""
    step = max(1, CELLS_AT_ONCE // sets.shape[1])
    several = max(1, step // max(1, len(limits)))  # of sets that are compared with all at once
    for at in range(0, len(sets), several):
        for first in range(0, len(limits), step):
            above = sets[at : at + several, None] >= limits[first : first + step, None]
            yield at * len(limits) + first, above.reshape(-1, sets.shape[1])


def events_of(videos: Sequence[ScoredVideo]) -> np.ndarray:
    """Return the events of labelled videos in the frames of all videos end to end, int [n, 2]."""
    found, offset = [np.zeros((0, 2), np.int64)], 0
    for video in videos:
        found.append(merged_runs(video.truth, video) + offset)
        offset += len(video.scores) + 1
    return np.concatenate(found)


def count_false_alarms(videos: Sequence[ScoredVideo], thresholds: np.ndarray) -> list[int]:
    """Count the alarms that meet no event at each of many thresholds, as `event_metrics` does.

    Args:
        videos: labelled ones; their own thresholds are not used.
        thresholds: float [n]; a frame is called abnormal from it upwards.

    Returns:
        The number of false alarms at each threshold.
    """
    events, counts = events_of(videos), np.zeros(len(thresholds), np.int64)
    for alarms in alarms_at(videos, thresholds):
        # An alarm meets an event where more of them begin before its end than end by its start.
        after = np.searchsorted(events[:, 1], alarms.start, side="right")
        before = np.searchsorted(events[:, 0], alarms.stop, side="left")
        false = alarms.row[before <= after]
        counts[alarms.first :][: alarms.num] = np.bincount(false, minlength=alarms.num)
    return counts.tolist()


def end_to_end(
    videos: Sequence[ScoredVideo],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the frames of all videos in a row, each video with one frame behind it.

    Args:
        videos: scored ones.

    Returns:
        float64 [n] scores, -inf of the frames behind; float64 [n], where each frame begins;
        float64 [n], the gap from which on two alarms of its video are apart; int [n], the number
        of its video. Places and gaps are seconds where the video has times, else frames.
    """
    places, gaps = zip(*map(_places, videos), strict=True)
    lengths = [len(place) for place in places]
    flat = np.concatenate([np.append(np.asarray(v.scores, np.float64), -np.inf) for v in videos])
    number = np.repeat(np.arange(len(videos)), lengths)
    return flat, np.concatenate(places), np.repeat(gaps, lengths), number


def _places(video: ScoredVideo) -> tuple[np.ndarray, float]:
    """Return where the frames of a video begin, [t + 1], and the gap between two alarms there."""
    if video.times is None or video.edges is None:
        return np.arange(len(video.scores) + 1.0), max(MERGE_S * (video.fps or 0), 1)
    return video.edges, MERGE_S - SAME_S
