"""Label files that name no clip: the n-th entry belongs to clip n.

One clip or frame too many or too few would shift the labels of all that follow, so nothing is
used that does not fit.
"""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.data.labels.frame_labels import (
    labels_from_intervals,
    read_gt_cells,
    read_ucsd_m,
    read_vector,
)
from vadjax.data.text.lists import some
from vadjax.errors import UserError


def clip_id(split: str, number: int) -> str:
    """Name a numbered clip.

    Args:
      split: "train" or "test".
      number: of the clip, from 1.

    Returns:
      Its id, the same in every layout, e.g. "test/03".
    """
    return f"{split}/{number:02d}"


def read_by_position(
    path: pathlib.Path, num_frames: Mapping[int, int], *, num_clips: int, lengths: Sequence[int]
) -> dict[int, np.ndarray]:
    """Read the labels of test clips from a `.m`, `.mat` or `.npy` file.

    Args:
      path: the file.
      num_frames: by clip number, of the clips at hand, which may be some of them.
      num_clips: clips of the whole test side.
      lengths: [num_clips] frames of each as published, for a vector when clips are missing.

    Returns:
      uint8 [num_frames] by clip number.

    Raises:
      UserError: the file does not fit the clips.
    """
    if max(num_frames) > num_clips:
        raise UserError(
            f"{clip_id('test', max(num_frames))} is one clip too many: there are {num_clips}, and "
            f"{path.name} has no labels for it. Move it away."
        )
    if path.suffix == ".npy":
        labels = _split_vector(path, num_frames, num_clips=num_clips, lengths=lengths)
        check_lengths(labels, num_frames, source=path)
        return labels
    clips = read_gt_cells(path, num_clips) if path.suffix == ".mat" else read_ucsd_m(path)
    if len(clips) != num_clips:
        raise UserError(
            f"{path} labels {len(clips)} clips instead of {num_clips}; it names none, so it cannot "
            "be used in part. Restore it."
        )
    return {
        n: labels_from_intervals(clips[n - 1], count, where=f"{path}, {clip_id('test', n)}")
        for n, count in num_frames.items()
    }


def _split_vector(
    path: pathlib.Path, num_frames: Mapping[int, int], *, num_clips: int, lengths: Sequence[int]
) -> dict[int, np.ndarray]:
    vector = read_vector(path)
    if len(num_frames) == num_clips:
        lengths = [num_frames[n] for n in sorted(num_frames)]
    if len(vector) != sum(lengths):
        raise UserError(
            f"{path} labels {len(vector)} frames, but the {num_clips} test clips have "
            f"{sum(lengths)}. They are joined end to end, so one frame too few shifts all that "
            "follow. Restore the frames, or the labels."
        )
    parts = np.split(vector, np.cumsum(lengths)[:-1])
    return {n: parts[n - 1] for n in num_frames}


def check_lengths(
    labels: Mapping[int, np.ndarray], num_frames: Mapping[int, int], *, source: object
) -> None:
    """Check that each clip has as many labels as frames.

    Args:
      labels: uint8 [t] by clip number.
      num_frames: by clip number.
      source: file or folder of the labels, for the message.

    Raises:
      UserError: names every clip that does not fit.
    """
    wrong = [
        f"{clip_id('test', n)} has {num_frames[n]} frames and {len(labels[n])} labels"
        for n in sorted(labels)
        if len(labels[n]) != num_frames[n]
    ]
    if wrong:
        raise UserError(f"{source} does not fit the frames: {some(wrong)}. Restore the frames.")
