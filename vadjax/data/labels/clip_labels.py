"""What the rows of labels.csv say of a clip together, of one annotator or of several."""

import os
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from vadjax.data.labels.frame_labels import labels_from_intervals
from vadjax.data.text.printable import same_form
from vadjax.errors import UserError


class ClipLabels(NamedTuple):
    """What labels.csv says of one clip.

    Attributes:
      labels: uint8 [t], 1 is abnormal; None where it names a class and not the frames.
      kinds: class -> uint8 [t], 1 in its frames, or None where these are not known; empty where no
        row of the clip names a class.
      annotations: annotator -> uint8 [t], where the file names annotators.
      named_by: the annotators who have a row of the clip.
    """

    labels: np.ndarray | None
    kinds: Mapping[str, np.ndarray | None]
    annotations: Mapping[str, np.ndarray] = MappingProxyType({})
    named_by: tuple[str, ...] = ()


class Said(NamedTuple):
    """One row: class or "", frames or None, and who says so, or ""."""

    kind: str
    frames: tuple[int, int] | None
    by: str


def of_clip(
    rows: Sequence[Said], num_frames: int, *, where: str, annotators: Sequence[str]
) -> ClipLabels:
    """Return what the rows of one clip say.

    Args:
      rows: of the clip.
      num_frames: of the clip.
      where: what an error begins with.
      annotators: of the file, each of whom has labelled every clip; none where it names none.

    Returns:
      Its labels.

    Raises:
      UserError: intervals do not fit the clip.
    """
    if any(row.frames is None for row in rows):
        return ClipLabels(None, dict.fromkeys(row.kind for row in rows))

    def marked(chosen: Iterable[Said]) -> np.ndarray:
        pairs = tuple(row.frames for row in chosen if row.frames)
        return labels_from_intervals(pairs, num_frames, where=where)

    annotations = {name: marked(row for row in rows if row.by == name) for name in annotators}
    labels = marked(rows)
    if annotations:
        labels = (2 * np.sum([*annotations.values()], 0) >= len(annotations)).astype(np.uint8)
    kinds = dict.fromkeys(row.kind for row in rows if row.kind)
    return ClipLabels(
        labels,
        {kind: labels & marked(row for row in rows if row.kind == kind) for kind in kinds},
        annotations,
    )


def annotators_of(path: str | os.PathLike, names: Sequence[str]) -> list[str]:
    """Return the annotators in the order in which they come.

    Args:
      path: of the file.
      names: of its rows.

    Returns:
      Each once.

    Raises:
      UserError: two names are alike but for capitals or the form of Unicode.
    """
    found: dict[str, str] = {}
    for name in names:
        alike = found.setdefault(same_form(name).casefold(), name)
        if alike != name:
            raise UserError(
                f"{path}: annotators {alike!r} and {name!r} are alike but for capitals; write one "
                "of the two in all rows."
            )
    return list(found.values())


def check_alike(rows: Sequence[Said]) -> None:
    """Refuse a clip with times in some rows and without in others.

    Args:
      rows: of the clip.

    Raises:
      ValueError: it is such a clip.
    """
    if len({row.frames is None for row in rows}) > 1:
        raise ValueError(
            "has a class without times, which says that nobody knows when, and times in another "
            "row; give both in every row of the clip, or times in none"
        )
