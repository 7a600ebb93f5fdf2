"""Counts of frames: labelled, scored, filled, substituted; records that do not fit are refused."""

from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError


def account(videos: Sequence[ScoredVideo]) -> dict:
    """Count the frames, after checking the records.

    Args:
        videos: each evaluated video.

    Returns:
        videos, frames, labels (labelled frames), abnormal, scored, filled, substituted:
        frames = scored + filled.

    Raises:
        UserError: two videos have one name, a label is neither 0 nor 1, or no frame of a video was
            scored.
    """
    faults, names = [], set()
    for video in videos:
        if video.id in names:
            faults.append(f"{video.id}: twice")
        names.add(video.id)
        if video.labels is not None and not np.isin(video.labels, (0, 1)).all():
            faults.append(f"{video.id}: labels other than 0 and 1")
        if not np.any(video.predicted):
            faults.append(f"{video.id}: no frame was scored")
    if faults:
        raise UserError(
            f"labels and scores do not belong together in {len(faults)} video(s): "
            f"{'; '.join(faults[:5])}. Each frame needs one score and one label."
        )
    labels = [video.labels for video in videos if video.labels is not None]
    frames = sum(len(video.scores) for video in videos)
    scored = sum(int(np.sum(video.predicted)) for video in videos)
    return {
        "videos": len(videos),
        "frames": frames,
        "labels": sum(map(len, labels)),
        "abnormal": sum(int(np.sum(y)) for y in labels),
        "scored": scored,
        "filled": frames - scored,
        "substituted": sum(len(video.substituted) for video in videos),
    }
