"""The classes of clips and of their rows, as numbers by the names of `class_names.names_of`."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from vadjax.data.text.class_names import ABNORMAL, UNKNOWN
from vadjax.data.video import Video
from vadjax.errors import UserError


def class_of_video(video: Video, names: Sequence[str]) -> int:
    """Return the number of a whole clip's class.

    Args:
        video: of several classes the first that has a name counts.
        names: of `names_of`.

    Returns:
        0 .. len(names) - 1; len(names) for a class that is not named; `UNKNOWN` where nothing says
        whether the clip is normal.
    """
    if video.video_label is None:
        return UNKNOWN
    if not video.video_label:
        return 0
    if tuple(names[1:]) == (ABNORMAL,):
        return 1
    named = [names.index(name) for name in video.classes if name in names[1:]]
    return named[0] if named else len(names)


def classes_of_rows(video: Video, names: Sequence[str]) -> np.ndarray | None:
    """Return the number of the class of each row.

    Args:
        video: with labels; the classes of its abnormal frames are those of its kinds, else the
            clip's.
        names: of `names_of`.

    Returns:
        int32 [t], see `class_of_video`; None where the rows have no labels.
    """
    if video.labels is None:
        return None
    rows = np.where(video.labels > 0, class_of_video(video, names), 0).astype(np.int32)
    kinds = video.metadata.get("kinds", {})
    if not kinds or tuple(names[1:]) == (ABNORMAL,):
        return rows
    rows[video.labels > 0] = len(names)
    for number in range(len(names) - 1, 0, -1):  # of two classes in one frame the first counts
        if names[number] in kinds:
            here = _of_rows(video, np.asarray(kinds[names[number]]) > 0)
            rows[here & (video.labels > 0)] = number
    return rows


def _of_rows(video: Video, frames: np.ndarray) -> np.ndarray:
    """Return in which rows something is that is in some frames; bool [t]."""
    if video.timeline is None:
        return frames
    timeline = dataclasses.replace(video.timeline, labels=frames.astype(np.uint8))
    return np.asarray(timeline.row_labels) > 0


def learnt(numbers: np.ndarray, names: Sequence[str], *, where: str) -> np.ndarray:
    """Return numbers of classes, after checking that each is one that can be learnt.

    Args:
        numbers: int [n].
        names: of `names_of`.
        where: the clip, for the message.

    Returns:
        The same.

    Raises:
        UserError: a class is not known, or has no name.
    """
    if len(numbers) and numbers.min() == UNKNOWN:
        raise UserError(f"{where} has no class to learn from: nothing says whether it is normal.")
    if len(numbers) and numbers.max() == len(names):
        raise UserError(
            f"{where} is abnormal and of none of the classes {', '.join(names[1:])}: name its "
            "class in objective.classes, or leave that empty to tell abnormal from normal alone."
        )
    return numbers
