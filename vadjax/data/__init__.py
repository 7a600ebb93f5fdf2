"""Data sets: `load` one by its name, or `open_videos` for clips without labels."""

import importlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

from vadjax.errors import unknown

if TYPE_CHECKING:
    from vadjax.data.video import Dataset, Video

_BUILDERS = {
    "synthetic": "synthetic.builder",
    "ucsd_ped1": "builders.ucsd",
    "ucsd_ped2": "builders.ucsd",
    "avenue": "builders.avenue",
    "folder": "builders.folder",
}
DATASETS = tuple(_BUILDERS)


def load(dataset_config: Any, *, cache_dir: str | os.PathLike) -> "Dataset":
    """Load a data set: `vadjax.data.video.Dataset`.

    Frames stay on disk. The first time, every frame is decoded once to find damage and the result
    is kept as an index under `cache_dir`; the data set's own folder is never written to.

    Args:
      dataset_config: attributes name (one of `DATASETS`), data_dir, masks_dir and label_version;
        what else `synthetic` takes stands in `synthetic/builder.py`.
      cache_dir: `features.cache_dir`.

    Raises:
      UserError: the name is unknown, or what is on disk cannot be used.
    """
    if dataset_config.name not in _BUILDERS:
        raise unknown("dataset", dataset_config.name, DATASETS)
    builder = importlib.import_module(f"vadjax.data.{_BUILDERS[dataset_config.name]}")
    return builder.load(dataset_config, pathlib.Path(cache_dir).expanduser())


def open_video(path: str | os.PathLike) -> "Video":
    """Open one unlabelled clip, a video file or a folder of images, as a `Video`.

    Its id is "test/<name>"; `fps` is None for images.

    Raises:
      UserError: there is nothing at `path`, or it cannot be decoded.
    """
    from vadjax.data.probe import open_video

    return open_video(path)


def open_videos(path: str | os.PathLike) -> "list[Video]":
    """Open what `open_video` takes, or a folder of such clips, at any depth.

    The id of a clip in a folder is "test/" and its path below that folder.

    Raises:
      UserError: there is nothing at `path`, or a clip cannot be decoded.
    """
    from vadjax.data.probe import open_videos

    return open_videos(path)
