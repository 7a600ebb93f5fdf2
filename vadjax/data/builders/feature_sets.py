"""The data sets whose feature files circulate, and which of them a folder holds."""

import os
import pathlib
import re
from types import SimpleNamespace
from typing import Any

from vadjax.data.builders.feature_lists import OfFeatures
from vadjax.data.builders.feature_names import find_features
from vadjax.data.builders.shanghaitech import LIST_FOLDERS, LISTS, ShanghaiTech
from vadjax.data.builders.ucf_crime import ANNOTATIONS, UcfCrime
from vadjax.data.builders.wanted import Wanted
from vadjax.data.builders.xd_violence import XdViolence
from vadjax.data.indexing.find_clips import Clips

_WITH_LENGTHS = "Temporal_Anomaly_Annotation_New.txt"


class UcfFeatures(OfFeatures, UcfCrime):
    """Features of UCF-Crime."""

    form = re.compile(r"[A-Za-z]+(?:_Videos_?)?\d{3}_x264")
    lengths_by = _WITH_LENGTHS
    annotations = tuple(sorted(ANNOTATIONS, key=lambda name: name != _WITH_LENGTHS))


class ShanghaiFeatures(OfFeatures, ShanghaiTech):
    """Features of ShanghaiTech; of its splits the weakly supervised one whose lists lie there."""

    form = re.compile(r"\d\d_\d{3,4}")
    lengths_by = "SH_Test_NEW.txt"
    size = None

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """List the clips of the split."""
        if not self.split:
            there = [s for s in ("mist", "rtfm") if self._has_lists(s)]
            self.split = there[0] if there else ""
        return super().find_wanted(found)

    def _has_lists(self, split: str) -> bool:
        return all(self.find_file(*names, below=LIST_FOLDERS) for names in LISTS[split].values())


class XdFeatures(OfFeatures, XdViolence):
    """Features of XD-Violence, with its test files in a folder of "test" in its name."""

    form = re.compile(r".+_label_[ABG0-9-]+")
    lengths_by = "a table of lengths"

    def find_clips(self) -> Clips:
        """Find the feature files; RGB/ and RGBTest/ are the two sides."""
        found = super().find_clips()
        sides = Clips(found.root)
        for name, path in found.paths.items():
            folder = os.path.dirname(name).lower()
            sides.paths[f"{'test' if 'test' in folder else 'train'}/{name}"] = path
        return sides


SETS: tuple[type[OfFeatures], ...] = (UcfFeatures, ShanghaiFeatures, XdFeatures)


def recognise(root: pathlib.Path) -> type[OfFeatures] | None:
    """Return the data set whose features lie below a folder, by the names of the files."""
    return next((each for each in SETS if find_features(root, each.form)[0].paths), None)


def open_lists(
    cls: type[OfFeatures], dataset_config: Any, cache_dir: pathlib.Path, *, crops: str
) -> OfFeatures:
    """Open the features of a named data set.

    Args:
        cls: of `recognise`.
        dataset_config: see `Builder`.
        cache_dir: see `Builder`.
        crops: "mean" or "all".

    Returns:
        The builder.

    Raises:
        UserError: lists or labels are not there, or no file is of a listed video.
    """
    settings = ("data_dir", "masks_dir", "split", "skip_broken", "train_may_be_gone")
    config = {key: getattr(dataset_config, key, "") for key in settings}
    cls_config = SimpleNamespace(name="features", label_version="", **config)
    opened = cls(cls_config, cache_dir)
    opened.crops = crops
    return opened
