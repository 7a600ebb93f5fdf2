"""Data sets: `load` one by its name, or `open_videos` for clips without labels."""

import dataclasses
import importlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

from vadjax.errors import UserError, unknown

if TYPE_CHECKING:
    from vadjax.data.builders.builder import Builder
    from vadjax.data.deviation import Deviation
    from vadjax.data.frames.frame_source import FrameSource
    from vadjax.data.video import Dataset, Video

_BUILDERS = {  # name -> module below vadjax.data, and its class
    "synthetic": "synthetic.builder:Synthetic",
    "ucsd_ped1": "builders.ucsd:UcsdPed1",
    "ucsd_ped2": "builders.ucsd:UcsdPed2",
    "avenue": "builders.avenue:Avenue",
    "umn": "builders.umn:Umn",
    "shanghaitech": "builders.shanghaitech:ShanghaiTech",
    "ucf_crime": "builders.ucf_crime:UcfCrime",
    "ucfcrime2local": "builders.ucfcrime2local:UcfCrime2Local",
    "xd_violence": "builders.xd_violence:XdViolence",
    "ubnormal": "builders.ubnormal:UBnormal",
    "street_scene": "builders.street_scene:StreetScene",
    "nwpu_campus": "builders.nwpu_campus:NwpuCampus",
    "mvtec": "builders.mvtec:Mvtec",
    "visa": "builders.visa:Visa",
    "image_folder": "builders.image_folder:ImageFolder",
    "folder": "builders.folder:Folder",
    "features": "builders.feature_files:FeatureFiles",
}
DATASETS = tuple(_BUILDERS)


def builder(name: str) -> "type[Builder]":
    """Return the class of a data set, whose attributes say what is known before it is opened.

    Imports neither JAX nor tensorflow_datasets.

    >>> builder("ucsd_ped2").title
    'UCSD Ped2'

    Raises:
      UserError: the name is none of `DATASETS`.
    """
    if name not in _BUILDERS:
        raise unknown("dataset", name, DATASETS)
    module, _, cls = _BUILDERS[name].partition(":")
    return getattr(importlib.import_module(f"vadjax.data.{module}"), cls)


def title(name: str) -> str:
    """Return a data set's name for pages and tables; an unknown name is its own title."""
    return builder(name).title if name in _BUILDERS else name


def check(dataset_config: Any, *, cache_dir: str | os.PathLike) -> None:
    """Look whether a data set is where its settings say, without reading it.

    Imports neither JAX nor tensorflow_datasets, so that a wrong path is told of at once.

    Args:
      dataset_config: see `load`.
      cache_dir: see `load`.

    Raises:
      UserError: the name is unknown, or the folder is not there or holds another data set.
    """
    cls = builder(dataset_config.name)
    if cls.needs_data_dir:
        cls(dataset_config, pathlib.Path(cache_dir).expanduser())


def load(dataset_config: Any, *, cache_dir: str | os.PathLike) -> "Dataset":
    """Load a data set: `vadjax.data.video.Dataset`.

    Frames stay on disk. The first time, every frame is decoded once to find damage and the result
    is kept as an index under `cache_dir`; the data set's own folder is never written to.

    Args:
      dataset_config: the config's section `dataset`, or any object with the attributes name (one
        of `DATASETS`), data_dir, masks_dir, label_version and, if wanted, fps, split and scene;
        `synthetic` takes others, see `synthetic/builder.py`.
      cache_dir: `features.cache_dir`.

    Returns:
      The clips of both sides, labels, deviations, and the facts of the builder.

    Raises:
      UserError: the name is unknown, or what is on disk cannot be used.
    """
    cls = builder(dataset_config.name)
    if getattr(dataset_config, "fps", 0) and not cls.takes_fps:
        raise UserError(
            f"dataset.fps is for folders of images, which {cls.title} has not; leave it out."
        )
    opened = cls(dataset_config, pathlib.Path(cache_dir).expanduser())
    dataset = opened.load()
    if scene := getattr(dataset_config, "scene", ""):
        from vadjax.data.splits.scenes import of_scene

        words = {"called": "category", "clip": "image"} if opened.input_kind == "images" else {}
        dataset = of_scene(dataset, scene, **words)
    if scene := getattr(dataset_config, "unseen_scene", ""):
        from vadjax.data.splits.scenes import without_scene

        if getattr(dataset_config, "scene", ""):
            raise UserError("give dataset.scene or dataset.unseen_scene, not both.")
        dataset = without_scene(dataset, scene)
    if opened.input_kind == "images":
        dataset = dataset.of_images()
    return dataclasses.replace(
        dataset,
        title=opened.title,
        official_split=opened.official_split,
        num_folds=opened.num_folds,
        pooled_note=opened.pooled_note,
        copies_like=opened.copies_like,
        input_kind=opened.input_kind,
    )


def open_source(text: str | os.PathLike) -> "FrameSource":
    """Open frames with times: a video file, a folder of images, a camera, a stream or a pipe.

    See `vadjax.data.decoding.sources.open_source`.

    Raises:
      UserError: it is none of these, is not there, or cannot be decoded.
    """
    from vadjax.data.decoding.sources import open_source

    return open_source(text)


def open_video(path: str | os.PathLike) -> "Video":
    """Open one unlabelled clip, a video file or a folder of images, as a `Video`.

    Its id is "test/<name>"; `fps` is None for images.

    Raises:
      UserError: there is nothing at `path`, or it cannot be decoded.
    """
    from vadjax.data.indexing.open_clips import open_video

    return open_video(path)


def open_videos(
    path: str | os.PathLike, *, skipped: list[str] | None = None, content: bool = False
) -> "list[Video]":
    """Open what `open_video` takes, or a folder of such clips, at any depth.

    The id of a clip in a folder is "test/" and its path below that folder.

    Args:
      path: of the clip, or of the folder.
      skipped: gets a message for each clip that cannot be used; these are left out then.
      content: keep what each frame shows, for a search for copies.

    Returns:
      The videos.

    Raises:
      UserError: there is nothing at `path`, or a clip cannot be decoded and `skipped` is None.
    """
    from vadjax.data.indexing.open_clips import open_videos

    return open_videos(path, skipped=skipped, content=content)


def open_images(path: str | os.PathLike, *, skipped: list[str] | None = None) -> "list[Video]":
    """Open single images: one, or those of a folder at any depth, as clips of one frame.

    The id of an image is "test/" and its path below that folder, without its suffix.

    Args:
      path: of the image, or of the folder.
      skipped: gets a message for each image that cannot be read; these are left out then.

    Returns:
      The images.

    Raises:
      UserError: there is none at `path`, or one cannot be read and `skipped` is None.
    """
    from vadjax.data.indexing.open_clips import open_images

    return open_images(path, skipped=skipped)


def left_out(path: str | os.PathLike) -> "list[Deviation]":
    """Say what `open_videos` leaves out of a folder, such as files of kinds that are not read.

    Raises:
      UserError: the folder cannot be listed.
    """
    from vadjax.data.indexing.open_clips import left_out

    return left_out(path)
