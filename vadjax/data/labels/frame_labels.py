"""Frame labels in every form in which they circulate.

Readers convert each source's convention into half-open, 0-based intervals or uint8 vectors once
(counts: docs/datasets.md). Most of these files name no clip: the n-th entry belongs to clip n, so
each reader refuses a file whose length does not fit.
"""

import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from vadjax.data.arrays import mat_file, npy_file
from vadjax.data.paths.files import unreadable
from vadjax.errors import UserError

Intervals = tuple[tuple[int, int], ...]  # half-open, 0-based, in frames
MAX_TEXT = 1 << 20  # bytes of UCSD's label file


def shortened(text: str) -> str:
    """Return the beginning of a text that a message quotes."""
    text = text.strip()
    return text if len(text) <= 80 else f"{text[:80]}..."


def labels_from_intervals(intervals: Intervals, num_frames: int, *, where: str) -> np.ndarray:
    """Convert intervals to labels.

    Args:
      intervals: abnormal frames, half-open, from 0.
      num_frames: of the clip.
      where: file and clip, for the message.

    Returns:
      uint8 [num_frames], 1 inside the intervals.

    Raises:
      UserError: an interval is reversed or lies outside the clip.
    """
    labels = np.zeros(num_frames, np.uint8)
    for start, stop in intervals:
        if not 0 <= start < stop <= num_frames:
            raise UserError(
                f"{where}: abnormal frames {start} to {stop} (0-based, half-open) do not fit a "
                f"clip of {num_frames} frames; frames are missing, or these are another clip's "
                "labels."
            )
        labels[start:stop] = 1
    return labels


def read_ucsd_m(path: str | os.PathLike) -> list[Intervals]:
    """Read UCSD's `.m`: one line a clip, such as `...gt_frame = [5:90, 140:200];`.

    The source counts from 1 and includes both ends.

    Raises:
      UserError: the file is not text of this kind, or a line cannot be read.
    """
    with open(path, "rb") as file:
        text = file.read(MAX_TEXT + 1).decode("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if "gt_frame" in line]
    if not lines or "\0" in text or len(text) > MAX_TEXT:
        raise unreadable(
            path,
            f"{path} holds no lines like 'TestVideoFile{{end+1}}.gt_frame = [61:180];'; it is not "
            "UCSD's label file. Restore it from the archive.",
        )
    clips = []
    for line in lines:
        inside = re.search(r"gt_frame\s*=\s*\[([^][=]*)\]", line)
        # Frames have at most nine ASCII digits: int() refuses very long numbers.
        ranges = re.compile(r"(?<!\d)([0-9]{1,9})(?!\d)(?:\s*:\s*([0-9]{1,9})(?!\d))?")
        if inside is None or ranges.sub("", inside[1]).strip(" ,;\t"):
            raise UserError(
                f"{path}: line {shortened(line)!r} is not of the form gt_frame = [a:b]; "
                "(frames of at most nine digits). Restore the file."
            )
        pairs = ranges.findall(inside[1])
        clips.append(tuple((int(start) - 1, int(stop or start)) for start, stop in pairs))
    return clips


def load_mat(
    path: str | os.PathLike,
    variable: str | None = None,
    *,
    keep: mat_file.Keep | None = None,
    structs: bool = False,
) -> Any:
    """Load one variable of a MATLAB file, or all of them as a dict.

    Args:
      path: the file.
      variable: its name; None: all.
      keep: see `mat_file.read`.
      structs: see `mat_file.read`.

    Returns:
      The value, an array or an object array of a cell's shape; or variable -> value.

    Raises:
      UserError: not a MATLAB file of version 7.2 or older, or without the variable.
    """
    try:
        content = mat_file.read(path, variable=variable or "", keep=keep, structs=structs)
    except mat_file.Newer:
        raise UserError(
            f"{path} is a MATLAB 7.3 file; save it again with save(..., '-v7')."
        ) from None
    except mat_file.Damaged as error:
        raise unreadable(
            path,
            f"{path} cannot be read as a MATLAB file ({error}). Restore it from its archive.",
        ) from error
    if variable is None:
        return content
    if variable not in content:
        found = ", ".join(sorted(map(shortened, content))[:8]) or "nothing"
        raise UserError(f"{path}: wanted the variable {variable!r}; found {found}.")
    if content[variable] is None:
        raise UserError(
            f"{path}: the variable {variable!r} is no array of real numbers and no cell of such; "
            "this is another file, or it is damaged."
        )
    return content[variable]


def read_gt_cells(path: str | os.PathLike, num_clips: int) -> list[Intervals]:
    """Read the `gt` cell of StevenLiuWen/ano_pred_cvpr2018: one 2 x n matrix a clip.

    Row 0 holds starts, row 1 ends, counted from 1, both included. The cell also circulates
    squeezed: an entry of one range as [2] or [1, 2], and where every clip has equally many ranges
    the whole cell as a plain [clips, 2], [clips, 2, n] or, clips side by side, [2, clips] array.

    Args:
      path: the `.mat` file.
      num_clips: clips of the whole test side.

    Returns:
      Half-open intervals from 0, a tuple a clip.

    Raises:
      UserError: the variable is missing, of another shape, or not of `num_clips` clips.
    """
    gt = load_mat(path, "gt")
    entries: list[np.ndarray] = []
    if gt.dtype == object:
        entries = [np.asarray(entry) for entry in gt.ravel()]
    elif gt.ndim == 2 and num_clips == 1 and len(gt) == 2:
        entries = [gt]
    elif gt.ndim >= 2 and len(gt) == num_clips:
        entries = list(gt)
    elif gt.shape == (2, num_clips):
        entries = list(gt.T)
    if len(entries) != num_clips:
        raise UserError(
            f"{path}: gt has shape {gt.shape}; wanted the intervals of {num_clips} clips, one "
            "2 x n matrix each."
        )
    clips = []
    for number, entry in enumerate(entries, 1):
        pairs = entry.reshape(2, -1) if entry.size in (0, 2) else entry
        if pairs.ndim != 2 or len(pairs) != 2:
            raise UserError(
                f"{path}: entry {number} of gt has shape {pairs.shape}; wanted 2 x n, starts "
                "above ends."
            )
        if entry.dtype == object or not (np.abs(pairs) < 1e9).all() or (pairs % 1).any():
            raise UserError(f"{path}: entry {number} of gt holds no frame numbers; restore it.")
        clips.append(tuple((int(a) - 1, int(b)) for a, b in pairs.T))
    return clips


def read_vector(path: str | os.PathLike) -> np.ndarray:
    """Read a `frame_labels_*.npy` (cvlab-yonsei/MNAD): all test clips end to end, 1 = abnormal.

    Returns:
      uint8 [n]; the files are [1, n] for Ped2 and Avenue and [n] for ShanghaiTech.

    Raises:
      UserError: not such a vector.
    """
    try:
        vector = npy_file.read_array(path)
    except npy_file.Damaged as error:
        raise unreadable(
            path,
            f"{path} cannot be read as a plain .npy array ({error}). Restore it, or write it with "
            "numpy.save.",
        ) from error
    return vector_of(vector, path)


def vector_of(vector: np.ndarray, path: str | os.PathLike) -> np.ndarray:
    """Check labels of frames.

    Args:
      vector: [n] or [1, n], one 0 or 1 a frame.
      path: of the file, for the message.

    Returns:
      uint8 [n].

    Raises:
      UserError: not such a vector.
    """
    flat = vector.ravel()
    is_row = vector.size == max(vector.shape, default=0)
    if vector.dtype.kind not in "biuf" or not is_row or not np.isin(flat, (0, 1)).all():
        raise UserError(
            f"{path}: wanted one 0 or 1 a frame, [n] or [1, n]; found {vector.dtype} "
            f"{list(vector.shape)}."
        )
    return flat.astype(np.uint8)


def labels_from_masks(masks: Iterable[np.ndarray]) -> np.ndarray:
    """Return uint8 [t]: a frame is abnormal when any pixel of its mask is."""
    return np.array([np.any(mask) for mask in masks], np.uint8)
