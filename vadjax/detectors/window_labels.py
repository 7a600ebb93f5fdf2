"""Labels and classes of a window model: what it is taught, and what it says of each unit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.class_ids import class_of_video, classes_of_rows, learnt
from vadjax.data.clip import Clip
from vadjax.data.labels.masks import place_shares
from vadjax.data.recognized import Recognized
from vadjax.data.splits.units import Segment
from vadjax.data.video import Video
from vadjax.errors import UserError


def tells_classes(objective: Any, names: Sequence[str]) -> bool:
    """Say whether probabilities of classes are kept: of a soft-max whose classes are all named.

    Args:
        objective: of the model.
        names: of the classes, normal first.

    Returns:
        True where each logit has a name.
    """
    named = getattr(objective, "num_classes", 0) == len(names)
    return named and getattr(objective, "activation", "") == "softmax"


def row_labels(
    pool: Mapping[Segment, Video], objective: Any, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return what an objective reads of labels, for the rows of segments.

    Args:
        pool: the segments, one behind the other, and their videos.
        objective: says which labels it reads.
        names: of the classes, normal first.

    Returns:
        `frame_labels` or `video_classes` of `TrainingData`; empty where it reads neither.

    Raises:
        UserError: a clip is of no class that has a name.
    """
    if not objective.supervised or "video_label" in objective.reads:
        return {}
    of_clips, parts = "video_class" in objective.reads, [np.zeros(0, np.int32)]
    for segment, video in pool.items():
        if of_clips:
            own = np.full(len(segment), class_of_video(video, names), np.int32)
        else:  # an unlabelled training clip is normal
            known = classes_of_rows(video, names)
            own = np.zeros(len(video.frames), np.int32) if known is None else known
            own = own[segment.start : segment.stop]
        parts.append(learnt(own, names, where=video.id))
    return {"video_classes" if of_clips else "frame_labels": np.concatenate(parts)}


def recognized(
    clip: Clip, probabilities: np.ndarray, *, objective: Any, names: Sequence[str], span: int
) -> Recognized:
    """Put what a model says of the units of a clip beside what is true of them.

    Args:
        clip: that was scored.
        probabilities: float32 [n, k], of each unit.
        objective: how windows are labelled, where these are the units.
        names: of the classes, normal first.
        span: rows that a window reaches over.

    Returns:
        The record.
    """
    names = tuple(names)
    if (windows := clip.units.windows) is not None:
        pool = dict(zip(clip.units.segments, clip.videos, strict=True))
        (rows,) = row_labels(pool, objective, names).values()
        truth = np.asarray(objective.window_label(rows[windows]), np.int32)
        return Recognized(names, probabilities, truth)
    video, segment = clip.videos[0], clip.units.segments[0]
    of_rows = classes_of_rows(video, names)
    return Recognized(
        names,
        probabilities,
        None if of_rows is None else of_rows[segment.start : segment.stop],
        class_of_video(video, names),
        np.arange(span - 1, len(clip), span, dtype=np.int32),
    )


def cell_labels(
    video: Video, segment: Segment, cells: Sequence[int], *, objective: Any, fit: str
) -> np.ndarray:
    """Return the abnormal share of each cell of the maps of a segment.

    Args:
        video: of the segment.
        segment: whose rows are asked for.
        cells: height and width of a map.
        objective: that learns from masks.
        fit: `features.fit`.

    Returns:
        float16 [t, h, w].

    Raises:
        UserError: the video has no masks, or the maps do not show whole frames.
    """
    if fit not in ("stretch", "native"):
        raise UserError(
            f"masks cover whole frames, but features.fit is {fit!r}; set it to stretch."
        )
    if video.masks is None:
        raise UserError(
            f"objective {objective.name!r} learns from masks; {video.id} has none: set "
            "objective.name=classify, or dataset.masks_dir where the masks are elsewhere."
        )
    height, width = cells
    return place_shares(video.masks, (height, width))[segment.start : segment.stop]
