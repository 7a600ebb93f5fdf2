"""Altered copies of abnormal frames, as the published notebooks make them; for reproduction only.

Copies of one class alone mark that class: a model may learn what a rotated image is instead of an
abnormal one, and copies of one frame lie on both sides of a random split. The audit reports both.

Sources: akramrahmani67-ux/Anomaly-Detection-in-Images-, Notebooks/TestModelsUCSD_ped1.ipynb and
Notebooks/Avenue_Dataset_code_main.ipynb. The notebook of Ped2 could not be read; it is taken to do
as that of Ped1.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from vadjax.data.frames.on_demand import Frames
from vadjax.data.video import Video
from vadjax.errors import unknown

SEED = 42  # of the crops; the notebook sets none


def _turned(image: np.ndarray, degrees: int) -> np.ndarray:
    """Turn about the centre on the same canvas: what leaves it is lost, corners become black."""
    h, w = image.shape[:2]
    return cv2.warpAffine(image, cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1), (w, h))


def _zoomed(image: np.ndarray) -> np.ndarray:
    """Enlarge 1.2 times and keep the middle."""
    h, w = image.shape[:2]
    large = cv2.resize(image, (int(w * 1.2), int(h * 1.2)))
    top, left = (large.shape[0] - h) // 2, (large.shape[1] - w) // 2
    return large[top : top + h, left : left + w]


def _shifted(image: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(image, np.array([[1, 0, 15], [0, 1, 15]], np.float32), image.shape[1::-1])


def _cropped(image: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Cut a square of .85 of the shorter side at a place in [0, 1)^2, stretched to the frame."""
    h, w = image.shape[:2]
    size = int(min(h, w) * 0.85)
    top, left = int(place[0] * (h - size + 1)), int(place[1] * (w - size + 1))
    return cv2.resize(image[top : top + size, left : left + size], (w, h))


Change = Callable[[np.ndarray], np.ndarray]
UCSD: dict[str, Change | None] = {
    "flip": functools.partial(cv2.flip, flipCode=1),
    "r90": functools.partial(cv2.rotate, rotateCode=cv2.ROTATE_90_CLOCKWISE),
    "r180": functools.partial(cv2.rotate, rotateCode=cv2.ROTATE_180),
}
AVENUE: dict[str, Change | None] = {
    **{f"turn{a}": functools.partial(_turned, degrees=a) for a in (90, 180, 270)},
    "flip_v": functools.partial(cv2.flip, flipCode=0),
    "flip": functools.partial(cv2.flip, flipCode=1),
    "zoom": _zoomed,
    "shift": _shifted,
    "crop": None,  # `_cropped`, at a place of its own for every frame
}
RECIPES = ("rahmani_compat",)
CHANGES: dict[str, Mapping[str, Change | None]] = {"ucsd": UCSD, "avenue": AVENUE}


class CopiedFrames(Frames):
    """Some frames of a video, altered.

    Args:
        source: the video's frames.
        chosen: which, ascending.
        change: image -> image.
        places: [n, 2] in [0, 1), of each crop; None for every other change.
    """

    def __init__(
        self,
        source: Frames,
        chosen: np.ndarray,
        change: Change | None,
        places: np.ndarray | None = None,
    ):
        super().__init__(len(chosen), files=source.files)
        self._source, self._chosen, self._change, self._places = source, chosen, change, places

    def __iter__(self) -> Iterator[np.ndarray]:
        """Read the source once, in order: a video file is decoded from its start."""
        wanted = 0
        for frame, image in enumerate(self._source):
            if wanted == len(self._chosen):
                return
            if frame == self._chosen[wanted]:
                yield self._altered(image, wanted)
                wanted += 1

    def _read(self, index: int) -> np.ndarray:
        return self._altered(self._source[int(self._chosen[index])], index)

    def _altered(self, image: np.ndarray, index: int) -> np.ndarray:
        if self._change is not None:
            return self._change(image)
        assert self._places is not None  # a crop has one for every frame
        return _cropped(image, self._places[index])


def copies(videos: Sequence[Video], *, recipe: str, like: str = "ucsd") -> tuple[Video, ...]:
    """Copy abnormal frames until both classes are equally large, or each frame has every copy.

    Frame by frame in the videos' order, every change in turn, as the notebooks do. A clip and a
    change give one video "<id>~<change>" whose labels are all 1; its `metadata` holds `source_id`,
    `augmentation` and `frames`, the frames of the source.

    Args:
        videos: all whose frames are used; one without labels is normal.
        recipe: one of `RECIPES`.
        like: whose notebook's changes, a key of `CHANGES` (`Dataset.copies_like`).

    Returns:
        One video a clip and a change.

    Raises:
        UserError: the recipe is unknown.
    """
    if recipe not in RECIPES:
        raise unknown("dataset.augment", recipe, ("none", *RECIPES))
    changes = CHANGES[like]
    abnormal = {v.id: np.flatnonzero(() if v.labels is None else v.labels) for v in videos}
    num_abnormal = sum(map(len, abnormal.values()))
    missing = sum(len(v.frames) for v in videos) - 2 * num_abnormal
    made = []
    for video in videos:
        chosen = abnormal[video.id]
        for number, (name, change) in enumerate(changes.items()):
            # Of `missing` copies still to make, frame i gets this one as number i * k + number.
            count = min(len(chosen), max(0, -(-(missing - number) // len(changes))))
            if count:
                made.append(_copy(video, chosen[:count], name, change))
        missing -= len(chosen) * len(changes)
    return tuple(made)


def origin(video: Video) -> dict[str, Any]:
    """Return `source_id` and `augmentation` of an altered copy, nothing for any other video."""
    return {k: video.metadata[k] for k in ("source_id", "augmentation") if k in video.metadata}


def _copy(video: Video, chosen: np.ndarray, name: str, change: Change | None) -> Video:
    places = None
    if change is None:
        seed = [SEED, *hashlib.sha256(video.id.encode()).digest()[:4]]
        places = np.random.default_rng(seed).random((len(chosen), 2))
    frames = hashlib.sha256(np.asarray(chosen, np.int64).tobytes()).hexdigest()[:8]
    return dataclasses.replace(
        video,
        id=f"{video.id}~{name}",
        frames=CopiedFrames(video.frames, chosen, change, places),
        labels=np.ones(len(chosen), np.uint8),
        masks=None,
        fingerprint=f"{video.fingerprint}-{name}-{frames}",
        substituted=(),
        content=None,
        metadata={"source_id": video.id, "augmentation": name, "frames": chosen},
    )
