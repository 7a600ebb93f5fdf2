"""What a split wants, clip by clip, and what is known of the frames of a clip."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np

from vadjax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A clip that a split names.

    Attributes:
      split: "train" or "test".
      name: of its file or folder, without a suffix.
      folder: in which it lies, where the list says so.
      scene: clips of one scene share a camera.
      video_label: 1 = abnormal, 0 = normal, None = unknown.
      classes: of the whole clip.
      num_frames: as published; 0 = unknown.
      abnormal: abnormal frames as published; None = unknown.
    """

    split: str
    name: str
    folder: str = ""
    scene: str = "0"
    video_label: int | None = None
    classes: tuple[str, ...] = ()
    num_frames: int = 0
    abnormal: int | None = None

    @property
    def id(self) -> str:
        """The id of the clip."""
        return f"{self.split}/{self.name}"


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is known of the frames of a clip.

    Attributes:
      labels: uint8 [t], or None where only the video is labelled.
      masks: see `ScannedClip`.
      mask_form: see `ScannedClip`.
      cut: frames by which an event ends behind the clip.
    """

    labels: np.ndarray | None
    masks: tuple[str, ...] = ()
    mask_form: str = "images"
    cut: int = 0


def refuse_overlap(wanted: Sequence[Wanted], lists: Sequence[pathlib.Path]) -> None:
    """Refuse lists that put one clip on both sides: it would be trained on and tested.

    Args:
      wanted: clips of both sides.
      lists: the files that name them, for the message.

    Raises:
      UserError: a clip is named on both sides.
    """
    train, test = ({w.name for w in wanted if w.split == split} for split in ("train", "test"))
    if twice := train & test:
        raise UserError(
            f"{' and '.join(map(str, lists))} put {min(twice)} on both sides, {len(twice)} clips "
            "in all: these lists are not of one split. Restore them."
        )
