"""Data sets on disk: a builder finds and scans the files, the index keeps what it says."""

import abc
import pathlib
from typing import Any

from vadjax.data.builders.builder import Builder
from vadjax.data.indexing.scan import Scan, ScannedClip
from vadjax.data.paths.files import existing_folder
from vadjax.data.paths.given_path import given_path
from vadjax.data.video import Dataset
from vadjax.errors import unknown

__all__ = ["DiskBuilder", "Scan", "ScannedClip"]


def _folder(path: str, *, key: str) -> pathlib.Path:
    """Return a folder that a config key names, neither packed nor a stream."""
    return existing_folder(given_path(path, what=key) if path else path, key=key)


class DiskBuilder(Builder):
    """A data set in a folder of the user. A subclass gives `find`, `scan` and the facts.

    Attributes:
      dataset_name: as in the config.
      label_version: the one that was asked for, or the default.
      source_dir: `dataset.data_dir`, absolute.
      masks_dir: `dataset.masks_dir`, absolute, or None.
      sources: what `find` returned.
    """

    def __init__(self, dataset_config: Any, cache_dir: pathlib.Path):
        self.dataset_name = dataset_config.name
        self.cache_dir = cache_dir
        self.label_version = dataset_config.label_version or self.label_versions[0]
        if self.label_version not in self.label_versions:
            raise unknown("label_version", self.label_version, self.label_versions)
        self.source_dir = _folder(dataset_config.data_dir, key="dataset.data_dir")
        self.masks_dir = None
        if dataset_config.masks_dir:
            self.masks_dir = _folder(dataset_config.masks_dir, key="dataset.masks_dir")
        self.sources = self.find()

    @abc.abstractmethod
    def find(self) -> list[pathlib.Path]:
        """Recognise the layout; return the files and folders on which the index depends.

        Raises:
          UserError: the folder does not hold this data set.
        """

    @abc.abstractmethod
    def scan(self) -> Scan:
        """Probe every clip and read its labels.

        Raises:
          UserError: something is wrong that the user can mend.
        """

    def load(self) -> Dataset:
        """Return the data set, scanning it first where the cache has no index of it."""
        from vadjax.data.indexing.index import (
            VideoIndex,  # tensorflow_datasets takes a second to import
        )

        return VideoIndex(self, data_dir=self.cache_dir / "index").dataset()
