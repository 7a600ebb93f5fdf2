"""The data sets by tfds's own names: import this, then `tfds.builder("vadjax_ucsd_ped2", ...)`.

A split is an index: a row a clip, with the paths of its frames and its labels, and no pixels.
`video_of` opens the clip of a row. There is no TensorFlow: read with `as_data_source`.
"""

import os
import pathlib
import types
from typing import ClassVar, cast

import tensorflow_datasets as tfds

from vadjax import data
from vadjax.data.builders.base import DiskBuilder
from vadjax.data.indexing.index import VideoIndex
from vadjax.data.indexing.rows import video_of

__all__ = ["NAMES", "video_of"]


class _Registered(VideoIndex):
    """A data set for `tfds.builder`.

    Args:
      source_dir: where the files are, `dataset.data_dir` of a config; it is never written to.
      masks_dir: where the masks are, if elsewhere.
      label_version: which labelling; "" is the default.
      split: which published split; "" is the data set's own.
      data_dir: where tfds keeps what it prepares; None is tfds's own default.

    Raises:
      UserError: the files are not this data set, or the label version is unknown.
    """

    dataset_name: ClassVar[str]

    def __init__(
        self,
        *,
        source_dir: str | os.PathLike,
        masks_dir: str | os.PathLike = "",
        label_version: str = "",
        split: str = "",
        data_dir: str | os.PathLike | None = None,
    ):
        settings = types.SimpleNamespace(
            name=self.dataset_name,
            data_dir=source_dir,
            masks_dir=masks_dir,
            label_version=label_version,
            split=split,
        )
        folder = pathlib.Path(data_dir or tfds.core.constants.DATA_DIR).expanduser()
        scanner = cast(DiskBuilder, data.builder(self.dataset_name)(settings, folder))
        super().__init__(scanner, data_dir=folder)


def _register(name: str) -> str:
    registered = f"vadjax_{name}"
    attributes = {"dataset_name": name, "name": registered, "__doc__": data.builder(name).__doc__}
    # By its base alone a subclass of VideoIndex stays out of tfds's registry.
    types.new_class(
        registered.title().replace("_", ""),
        (_Registered,),
        {"skip_registration": False},
        lambda namespace: namespace.update(attributes, __module__=__name__),
    )
    return registered


NAMES = tuple(
    _register(name) for name in data.DATASETS if issubclass(data.builder(name), DiskBuilder)
)
