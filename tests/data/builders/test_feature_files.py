"""Data sets of feature files: the published pair, exports, and what is wrong with them."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from vadjax import data
from vadjax.data.splits.folds import make_folds
from vadjax.errors import UserError

NORMAL = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
ABNORMAL = np.random.default_rng(1).normal(size=(12, 5)).astype(np.float32)


def load(root, tmp_path, **more):
    config = {"feature_name": "", "crops": "mean", "masks_dir": "", "label_version": "", **more}
    config = SimpleNamespace(name="features", data_dir=str(root), **config)
    return data.load(config, cache_dir=tmp_path / "cache")


@pytest.fixture
def pair(tmp_path):
    root = tmp_path / "umn"
    root.mkdir()
    np.save(root / "normal_features_repvgg_a0.npy", NORMAL)
    np.save(root / "anomaly_features_repvgg_a0.npy", ABNORMAL)
    (root / "extractors.txt").write_text("repvgg_a0\n")
    return root


def test_the_published_pair(pair, tmp_path):
    dataset = load(pair, tmp_path)
    assert dataset.input_kind == "features" and not dataset.clips_known and not dataset.train
    normal, abnormal = dataset.test
    np.testing.assert_array_equal(normal.frames.rows, NORMAL)
    np.testing.assert_array_equal(abnormal.frames.rows, ABNORMAL)
    assert not normal.labels.any() and abnormal.labels.all()
    assert "does not say" not in str(dataset.deviations) and "clip" in dataset.deviations[0].what
    assert load(pair, tmp_path).test[0].fingerprint == normal.fingerprint  # now from the cache


def test_protocols_of_whole_clips_are_refused_where_clips_are_not_known(pair, tmp_path):
    dataset = load(pair, tmp_path)
    for protocol in ("one_class", "by_video"):
        with pytest.raises(UserError, match="do not say which row is of which clip"):
            make_folds(dataset, protocol=protocol)
    (fold,) = make_folds(dataset, protocol="random_window", length=4)
    assert any("windows may cross clips" in text for text in fold.warnings)


def test_shuffled_windows_are_those_of_the_notebook(pair, tmp_path):
    """Concatenate, shuffle with seed 42, windows of ten, label of the last, split 80/20."""
    from sklearn.model_selection import train_test_split
    from sklearn.utils import shuffle

    dataset = load(pair, tmp_path)
    (fold,) = make_folds(dataset, protocol="published_shuffled", length=10)
    rows, labels = shuffle(
        np.vstack([NORMAL, ABNORMAL]), np.r_[np.zeros(30), np.ones(12)], random_state=42
    )
    windows = np.stack([rows[i : i + 10] for i in range(len(rows) - 9)])
    train, _, wanted, _ = train_test_split(
        windows, labels[9:], test_size=0.2, stratify=labels[9:], random_state=0
    )
    ours = np.concatenate([video.frames.rows for video in dataset.test])[fold.train.windows]
    np.testing.assert_array_equal(ours, train)
    np.testing.assert_array_equal(fold.train.labels, wanted)


def test_crops_are_averaged_or_kept(pair, tmp_path):
    for side, rows in (("normal", NORMAL), ("anomaly", ABNORMAL)):
        np.save(pair / f"{side}_features_repvgg_a0.npy", np.stack([rows, rows + 2], 1))
    mean = load(pair, tmp_path).test[0].frames.rows
    np.testing.assert_allclose(mean, NORMAL + 1, rtol=1e-6)
    assert load(pair, tmp_path, crops="all").test[0].frames.rows.shape == (30, 2, 5)


def test_faults_of_the_pair(pair, tmp_path):
    with pytest.raises(UserError, match=r"dataset\.feature_name 'vgg' unknown"):
        load(pair, tmp_path, feature_name="vgg")
    np.save(pair / "normal_features_vgg16.npy", NORMAL)
    with pytest.raises(UserError, match="holds features of repvgg_a0, vgg16"):
        load(pair, tmp_path)
    with pytest.raises(UserError, match="lacks anomaly_features_vgg16"):
        load(pair, tmp_path, feature_name="vgg16")
    np.save(pair / "anomaly_features_vgg16.npy", ABNORMAL[:, :3])
    with pytest.raises(UserError, match="two kinds of features"):
        load(pair, tmp_path, feature_name="vgg16")
    bad = ABNORMAL.copy()
    bad[[2, 5], 1] = np.nan, np.inf
    np.save(pair / "anomaly_features_vgg16.npy", bad)
    with pytest.raises(UserError, match="2 of 12 rows hold NaN"):
        load(pair, tmp_path, feature_name="vgg16")
    np.save(pair / "anomaly_features_vgg16.npy", ABNORMAL.astype(np.float64) * 1e300)
    with pytest.raises(UserError, match="12 of 12 rows hold NaN"):
        load(pair, tmp_path, feature_name="vgg16")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "readme.md").write_text("nothing")
    with pytest.raises(UserError, match="no feature files in it"):
        load(empty, tmp_path)


def exported(root, **changes):
    """An export of one training and one test clip in one file, whose rows are frames."""
    root.mkdir()
    np.save(root / "rows.npy", np.concatenate([NORMAL, ABNORMAL]))
    clip = {"num_frames": 30, "starts": None, "abnormal": [], "video_label": 0, "fps": 25.0}
    clip |= {"fps_assumed": False, "times": None, "scene": "1", "substituted": []}
    test = {**clip, "id": "test/b", "rows": [["rows.npy", 30, 42]], "num_frames": 12}
    test |= {"abnormal": [[3, 5]], "video_label": 1, **changes}
    index = {"format": "vadjax features", "version": 1, "dataset": "x", "label_version": "official"}
    index |= {"official_split": True, "num_folds": 4}
    index["clips"] = [{**clip, "id": "train/a", "rows": [["rows.npy", 0, 30]]}, test]
    (root / "features.json").write_text(json.dumps(index))
    return root


def test_an_export(tmp_path):
    dataset = load(exported(tmp_path / "x"), tmp_path)
    assert (dataset.official_split, dataset.num_folds, dataset.clips_known) == (True, 4, True)
    (train,), (test,) = dataset.train, dataset.test
    np.testing.assert_array_equal(train.frames.rows, NORMAL)
    np.testing.assert_array_equal(test.frames.rows, ABNORMAL)
    assert test.labels.tolist() == [0] * 3 + [1] * 2 + [0] * 7 and test.fps == 25.0
    assert train.scene == "1" and train.fingerprint != test.fingerprint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_frames": 13}, "test/b has 12 rows of features, and labels for 13"),
        ({"rows": [["rows.npy", 30, 43]]}, "42 rows, but test/b is to have its rows 30 to 42"),
        ({"rows": [["gone.npy", 0, 12]]}, "names 1 files that are not there"),
        ({"rows": [["../rows.npy", 0, 12]]}, "damaged"),
        ({"id": "other/b"}, "damaged"),
        ({"abnormal": [[3, 50]]}, "do not fit a clip of 12 frames"),
    ],
)
def test_an_export_whose_files_are_others_is_refused(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        load(exported(tmp_path / "x", **changes), tmp_path)


LIST = """Anomaly Detection Feature Extractors - UMN Dataset

Included Feature Extractor Models:

RepVGG-a0: a network with folded branches.
CoAtNet-0-RW-224

Link (contains 4 files):

https://example.org/x?y=0
"""


def test_the_folders_of_the_published_repository(pair, tmp_path):
    """A folder for each data set, and a text in prose that lists backbones."""
    (pair / "extractors.txt").unlink()
    (pair / "UMN dataset.txt").write_text(LIST)
    for group in ("features", "Feature Extractors"):
        root = tmp_path / "copy of it" / group
        root.parent.mkdir(exist_ok=True)
        shutil.copytree(pair, root / "umn")
        for name in ("", "RepVGG-a0", "umn/", "umn/repvgg_a0"):
            for folder in (root, root.parent):
                dataset = load(folder, tmp_path, feature_name=name)
                assert dataset.metadata["features"] == "repvgg_a0"
        assert [each.what for each in dataset.deviations[1:]] == [
            "UMN dataset.txt lists coatnet_0_rw_224, without files"
        ]
        shutil.copytree(pair, root / "avenue")
        with pytest.raises(UserError, match=r"avenue, umn: say which with .*avenue/rep"):
            load(root, tmp_path)
        with pytest.raises(UserError, match=r"'ped3' unknown"):
            load(root, tmp_path, feature_name="ped3/repvgg_a0")
        assert (
            load(root, tmp_path, feature_name="avenue/RepVGG-a0")
            .metadata["root"]
            .endswith("avenue")
        )
        shutil.rmtree(root.parent)


def test_an_index_belongs_to_its_pair_alone(pair, tmp_path):
    """features_NAME.json of an export says nothing of the pairs beside it."""
    for side, rows in (("normal", NORMAL), ("anomaly", ABNORMAL)):
        np.save(pair / f"{side}_features_own.npy", rows)
    export = exported(tmp_path / "x")
    shutil.copy(export / "rows.npy", pair)
    shutil.copy(export / "features.json", pair / "features_own.json")
    assert load(pair, tmp_path, feature_name="own").clips_known
    assert not load(pair, tmp_path, feature_name="repvgg_a0").clips_known
    with pytest.raises(UserError, match="features of own, repvgg_a0: say which"):
        load(pair, tmp_path)
