"""A row of the index from a scanned clip, and a video from a row."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.scan import ScannedClip
from vadjax.data.labels.mask_forms import open_masks
from vadjax.data.video import Video

_UNKNOWN = -1  # no label of the video
_NO_FRAMES = np.zeros(0, np.uint8)


def row_of(clip: ScannedClip, *, content: int) -> dict[str, Any]:
    """Return the row that describes a clip, as `index.VideoIndex` declares it.

    Args:
      clip: as scanned.
      content: its first row among the `data.frames.content.ROW` of all clips.

    Returns:
      The row.
    """
    fields = dataclasses.fields(clip.footage)
    footage = {f.name: getattr(clip.footage, f.name) for f in fields} | {"content": content}
    del footage["notes"]  # they stand among the deviations
    del footage["fps_given"]  # `fps_assumed` says it
    times = footage.pop("times")
    return {
        **footage,
        "paths": _bytes(footage["paths"]),
        "levels": np.array(footage["levels"] or (), np.float64),
        "id": clip.id,
        "scene": clip.scene,
        "fps": footage["fps"] or 0.0,
        "fps_assumed": clip.fps_assumed,
        "substituted": np.array(footage["substituted"], np.int64),
        "times_ns": _nanoseconds(times),
        "lost": np.array(footage["lost"], np.int64),
        "labelled": clip.labels is not None,
        "labels": np.zeros(0, np.uint8) if clip.labels is None else clip.labels,
        "masks": _bytes(clip.masks),
        "mask_form": clip.mask_form,
        "video_label": _UNKNOWN if clip.video_label is None else clip.video_label,
        "classes": list(clip.classes),
        "kinds": np.concatenate([_NO_FRAMES, *(clip.kinds[name] for name in clip.classes)])
        if clip.kinds
        else _NO_FRAMES,
    }


def video_of(row: Mapping[str, Any], content: np.ndarray | None = None) -> Video:
    """Open the video that a row of the index describes; no file of it is read yet.

    Args:
        row: from `as_data_source`.
        content: `data.frames.content.ROW` [n] of all clips of the index, where it is there.

    Returns:
        The video.
    """
    footage = Footage(
        paths=_texts(row["paths"]),
        num_frames=int(row["num_frames"]),
        height=int(row["height"]),
        width=int(row["width"]),
        channels=int(row["channels"]),
        fps=float(row["fps"]) or None,
        fingerprint=row["fingerprint"].decode(),
        substituted=tuple(map(int, row["substituted"])),
        announced=int(row["announced"]),
        first=int(row["first"]),
        pages=bool(row["pages"]),
        levels=(low_high[0], low_high[1]) if (low_high := row["levels"].tolist()) else None,
        times=row["times_ns"] / 1e9 if len(row["times_ns"]) else None,
        lost=tuple(map(int, row["lost"])),
        is_damaged=bool(row["is_damaged"]),
        blank=int(row["blank"]),
    )
    labels = row["labels"] if row["labelled"] else None
    classes = _texts(row["classes"])
    name = row["id"].decode()
    return Video(
        id=name,
        split=name.split("/")[0],
        frames=footage.frames(),
        fps=footage.fps,
        fps_assumed=bool(row["fps_assumed"]),
        times=footage.times,
        scene=row["scene"].decode(),
        labels=labels,
        masks=open_masks(
            row["mask_form"].decode(),
            _texts(row["masks"]),
            num_frames=footage.num_frames,
            size=(footage.height, footage.width),
        ),
        video_label=None if row["video_label"] == _UNKNOWN else int(row["video_label"]),
        fingerprint=footage.fingerprint,
        substituted=footage.substituted,
        classes=classes,
        metadata=kinds_of(classes, labels, row["kinds"]),
        content=None if content is None else _part(content, int(row["content"]), footage),
    )


def kinds_of(
    classes: tuple[str, ...], labels: np.ndarray | None, kinds: np.ndarray = _NO_FRAMES
) -> dict[str, Any]:
    """Return in which frames each class of a clip is: as noted, or where only one can be.

    Args:
        classes: of the whole clip.
        labels: uint8 [t], or None.
        kinds: uint8 [k * t], the frames of each class one behind the other; empty where unknown.

    Returns:
        For `Video.metadata`.
    """
    if len(kinds):
        frames = kinds.reshape(len(classes), -1)
        return {"kinds": {name: own > 0 for name, own in zip(classes, frames, strict=True)}}
    if len(classes) != 1 or labels is None or not labels.any():
        return {}
    return {"kinds": {classes[0]: labels > 0}}


def _part(content: np.ndarray, start: int, footage: Footage) -> np.ndarray | None:
    """Return the rows of one clip; None where the file does not belong to the index."""
    part = content[start : start + footage.num_frames]
    return part if len(part) == footage.num_frames else None


def _nanoseconds(times: np.ndarray | None) -> np.ndarray:
    return np.zeros(0, np.int64) if times is None else np.rint(times * 1e9).astype(np.int64)


def _bytes(paths: Iterable[str]) -> list[bytes]:
    """Return paths as the system has them, which need not be UTF-8."""
    return [os.fsencode(path) for path in paths]


def _texts(values: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(os.fsdecode(value) for value in values)
