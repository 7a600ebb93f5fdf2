"""What every data set is to vadjax: facts as class attributes, and `load`."""

import abc
import os
import pathlib
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from vadjax.data.builders.download import Download
from vadjax.data.paths.object_store import is_address
from vadjax.data.video import Dataset
from vadjax.errors import UserError


class Builder(abc.ABC):
    """One data set. The config's `dataset` section goes in, a `Dataset` comes out.

    The class attributes are all that other code needs to know about a data set before it is
    opened. docs/adding_a_dataset.md shows how to write a builder.

    Attributes:
      title: name for pages and tables, e.g. "UCSD Ped2".
      label_versions: labellings in circulation, named by their source; the first is the default.
      splits: published splits besides the data set's own, by name.
      input_kind: what a clip is made of.
      takes_fps: clips may be folders of images, whose frame rate `dataset.fps` gives.
      needs_data_dir: the user has to say where the files are, as `dataset.data_dir`.
      official_split: its authors published which clips are for training and which for testing.
      num_folds: folds of protocol by_video where the config names no number.
      pooled_note: set where protocol published_shuffled pools the training clips with the test
        clips; the warning that it then gives. Empty: it takes labelled test clips alone.
      copies_like: whose altered copies `dataset.augment=rahmani_compat` makes
        (data/splits/copies.py).
      legacy_label_versions: further labellings for which `evaluate.legacy` gives figures.
      download: where the files come from; None for one's own.
      identity_keys: keys of the `dataset` section by which two data sets of this name differ, e.g.
        the folder of one's own videos.
    """

    title: ClassVar[str]
    label_versions: ClassVar[tuple[str, ...]]
    splits: ClassVar[tuple[str, ...]] = ()
    input_kind: ClassVar[Literal["videos", "images", "features"]] = "videos"
    takes_fps: ClassVar[bool] = False
    needs_data_dir: ClassVar[bool] = True
    official_split: ClassVar[bool] = False
    num_folds: ClassVar[int] = 5
    pooled_note: ClassVar[str] = ""
    copies_like: ClassVar[str] = "ucsd"
    download: ClassVar[Download | None] = None
    legacy_label_versions: ClassVar[tuple[str, ...]] = ()
    identity_keys: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def __init__(self, dataset_config: Any, cache_dir: pathlib.Path):
        """Check the settings.

        Args:
          dataset_config: the config's section `dataset`, or any object with its attributes.
          cache_dir: folder for what is kept between runs.

        Raises:
          UserError: a setting is wrong, or the files are not this data set.
        """

    def checksums(self) -> tuple[pathlib.Path, dict[str, bytes]]:
        """Return a folder, and checksums of the official files by their path below it.

        Raises:
          UserError: none are known.
        """
        raise UserError(f"no checksums of {self.title} are known: its files cannot be verified.")

    @abc.abstractmethod
    def load(self) -> Dataset:
        """Return the clips with their labels.

        Raises:
          UserError: the files cannot be used, or the cache cannot be written.
        """

    @classmethod
    def identity(cls, dataset_config: Any) -> dict[str, str]:
        """Return the values of `identity_keys`: equal for the same data, whatever its path's form.

        Args:
          dataset_config: the `dataset` section: an object with its attributes, or a mapping.

        Returns:
          Key of the section -> value as text; folders are absolute paths.
        """
        values = {}
        for key in cls.identity_keys:
            is_mapping = isinstance(dataset_config, Mapping)
            value = dataset_config[key] if is_mapping else getattr(dataset_config, key)
            folder = key.endswith("_dir") and value and not is_address(value)
            values[key] = str(pathlib.Path(os.fspath(value)).resolve() if folder else value)
        return values
