"""The largest values of held-out normal frames, of which a cue's surprises are made.

A state keeps some of each clip, so that further clips can join them.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.scoring.fusion import Surprise, check_tail

KEPT = 2000  # values of a clip and cue at most


def kept(values: np.ndarray) -> dict[str, Any]:
    """Return what a state keeps of one clip.

    Args:
        values: float32 [n], the largest of a cue's map in each held-out frame.

    Returns:
        count: n; values: all of them or, of more than `KEPT`, as many evenly spaced by rank.
    """
    count = len(values)
    if count > KEPT:
        values = np.sort(values)[np.linspace(0, count - 1, KEPT).round().astype(int)]
    return {"count": count, "values": np.asarray(values, np.float32)}


def surprise_of(clips: Sequence[dict[str, Any]], tail: str = "exponential") -> dict[str, Any]:
    """Calibrate a cue on what was kept, each clip with the weight of its frames.

    Args:
        clips: what `kept` returned.
        tail: one of `scoring.tail.TAILS`.

    Returns:
        Fields of a `Surprise`.
    """
    return dataclasses.asdict(Surprise.fit([_restored(clip) for clip in clips], tail))


def tail_of(clips: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Check the tails that a cue's values may have; see `scoring.tail.check`.

    Args:
        clips: what `kept` returned.

    Returns:
        Fields of a `TailCheck`, rounded.
    """
    found = check_tail([_restored(clip) for clip in clips])
    misfit = [round(value, 3) for value in found.misfit]
    return {
        "pareto": found.pareto,
        "shape": round(found.shape, 3),
        "gain": round(found.gain, 4),
        "error": round(found.error, 4),
        "misfit": {"exponential": misfit[0], "pareto": misfit[1]},
    }


def _restored(clip: dict[str, Any]) -> np.ndarray:
    values, count = clip["values"], clip["count"]
    if len(values) == count:
        return values
    return values[np.linspace(0, len(values) - 1, count).round().astype(int)]
