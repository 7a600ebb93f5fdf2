"""Which frames of a long video a film shows: those around its alarms, the strongest first."""

from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.explain.frame_selection import peaks

WHOLE = 6000  # frames: a film is no longer than that (4 minutes at 25 a second)
CONTEXT_S, LONGEST_S = 2.0, 20.0  # before and after an alarm; of one alarm, around its peak
CONTEXT, LONGEST = 20, 200  # the same in frames, where no rate is known
NUM_PEAKS = 6  # stretches of a long video without alarms

Stretches = list[tuple[int, int]]


def film_stretches(
    scores: np.ndarray,
    alarms: Sequence[tuple[int, int]],
    *,
    fps: float | None,
    most: int = WHOLE,
) -> Stretches:
    """Choose the frames of a film: all of a video of at most `most`, else stretches of it.

    A stretch is an alarm with `CONTEXT_S` before and after it; of an alarm longer than `LONGEST_S`
    it is the part around the peak. A long video without alarms shows its highest scores.

    Args:
        scores: [t].
        alarms: half-open stretches of frames.
        fps: frames a second, or None.
        most: frames of the film.

    Returns:
        Half-open stretches, rising and apart; at least one where there are frames.
    """
    total = len(scores)
    if total <= most:
        return [(0, total)] if total else []
    context = round(CONTEXT_S * fps) if fps else CONTEXT
    half = max(1, (round(LONGEST_S * fps) if fps else LONGEST) // 2)
    spans = list(alarms) or [
        (frame, frame + 1)
        for _, frame in peaks({"": scores}, count=NUM_PEAKS, apart=2 * context + 1)
    ]
    tops = [start + int(np.argmax(scores[start:stop])) for start, stop in spans]
    order = sorted(range(len(spans)), key=lambda i: (-scores[tops[i]], spans[i]))
    shown = np.zeros(total, bool)
    for i in order:
        start, stop, top = *spans[i], tops[i]
        low = max(start - context, top - half - context, 0)
        high = min(stop + context, top + half + context, total)
        if shown.any() and shown.sum() + np.sum(~shown[low:high]) > most:
            break  # a weaker alarm never stands for a stronger one
        shown[low : min(high, low + most)] = True
    edges = np.flatnonzero(np.diff(np.pad(shown.astype(np.int8), 1)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def numbers(stretches: Stretches) -> Iterator[int]:
    """Yield the frames of the stretches."""
    for start, stop in stretches:
        yield from range(start, stop)
