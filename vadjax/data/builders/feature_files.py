"""Feature files in the place of videos: published ones, and those of `vadjax export-features`.

Layouts that are read: `features.json`, which `vadjax export-features` writes beside the files; the
pair `normal_features_NAME.npy` and `anomaly_features_NAME.npy`, which says of no row of which clip
it is unless `features_NAME.json` of an export is beside it, also below features/DATASET/; chunks of
frames with labels by class (`chunk_files`); and one file a video with lists of the videos
(`feature_lists`).
"""

import pathlib
from typing import Any

from vadjax.data.builders import (
    chunk_files,
    exported_features,
    feature_sets,
    published_features,
    published_folder,
)
from vadjax.data.builders.builder import Builder
from vadjax.data.builders.feature_lists import OfFeatures
from vadjax.data.paths.files import describe, existing_folder
from vadjax.data.paths.object_store import is_address, local_copy
from vadjax.data.video import Dataset
from vadjax.errors import UserError

CROPS = ("mean", "all")


class FeatureFiles(Builder):
    """Features that others have extracted, without the videos."""

    title = "Feature files"
    label_versions = ("files",)
    input_kind = "features"
    identity_keys = ("data_dir", "feature_name", "crops")
    listed: OfFeatures | None = None

    def __init__(self, dataset_config: Any, cache_dir: pathlib.Path):
        self.cache_dir = cache_dir
        folder = dataset_config.data_dir
        if is_address(folder):
            folder = str(local_copy(folder, cache_dir=cache_dir))
        self.root = existing_folder(folder, key="dataset.data_dir")
        self.root, self.feature_name = published_folder.resolve(
            self.root, getattr(dataset_config, "feature_name", "")
        )
        self.crops = getattr(dataset_config, "crops", CROPS[0])
        own = published_folder.index_of(self.root, self.feature_name)
        self.index = own or exported_features.INDEX
        self.exported = (self.root / self.index).is_file()
        pair = not self.exported and bool(published_features.names(self.root))
        self.chunked = not (self.exported or pair) and bool(chunk_files.found(self.root))
        known = self.exported or pair or self.chunked
        named = None if known else feature_sets.recognise(self.root)
        if named is not None:
            self.listed = feature_sets.open_lists(
                named, dataset_config, cache_dir, crops=self.crops
            )
            self.official_split = named.official_split  # type: ignore[misc]
            return
        for key in ("masks_dir", "split"):
            if getattr(dataset_config, key, ""):
                raise UserError(
                    f"dataset.{key} is set, but {self.root} holds no features with lists of "
                    "videos; unset it."
                )
        if not known:
            raise UserError(
                f"no feature files in it: {describe(self.root)} Wanted "
                f"{exported_features.INDEX} of vadjax export-features, "
                "normal_features_NAME.npy and anomaly_features_NAME.npy, chunks such as "
                "train_features.npy and train_label.mat, or a file a video of UCF-Crime, "
                "ShanghaiTech or XD-Violence, such as Abuse001_x264_i3d.npy."
            )

    def load(self) -> Dataset:
        """Read the files of the layout that is there."""
        if self.listed is not None:
            return self.listed.load()
        if self.chunked:
            return chunk_files.load(self.root)
        if not self.exported:
            return published_features.load(
                self.root, name=self.feature_name, crops=self.crops, cache_dir=self.cache_dir
            )
        index = exported_features.read_index(self.root / self.index)
        self.official_split = bool(index["official_split"])  # type: ignore[misc]
        self.num_folds = int(index["num_folds"])  # type: ignore[misc]
        return exported_features.load(
            self.root / self.index, index, crops=self.crops, cache_dir=self.cache_dir
        )
