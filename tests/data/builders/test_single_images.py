"""Images and videos in one table: an image of a folder single_images is a clip of one frame."""

import json

import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders.named import load
from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.pipeline import stages
from vadjax.storage import artifacts


@pytest.fixture
def root(tmp_path):
    """Three images and two clips to learn from; two images, one clip and one video to test."""
    root = tmp_path / "camera"
    layouts.write_images(root / "train/single_images", 3, suffix=".png")
    layouts.write_images(root / "train/a", 4, suffix=".png")
    layouts.write_images(root / "train/b", 5, suffix=".png")
    layouts.write_images(root / "test/single_images", 2, suffix=".png")
    layouts.write_images(root / "test/gate", 6, suffix=".png")
    layouts.write_video(root / "test/door.avi", 5)
    (root / "labels.csv").write_text("video,start,stop\ntest/single_images/002,0,1\ngate,1,3\n")
    return root


def test_clips_and_labels(tmp_path, root):
    dataset = load("folder", root, tmp_path / "cache")
    assert {v.id: len(v.frames) for v in (*dataset.train, *dataset.test)} == {
        "train/a": 4,
        "train/b": 5,
        **{f"train/single_images/{n:03d}": 1 for n in (1, 2, 3)},
        "test/door": 5,
        "test/gate": 6,
        "test/single_images/001": 1,
        "test/single_images/002": 1,
    }
    videos = {v.id: v for v in dataset.test}
    assert videos["test/single_images/002"].labels.tolist() == [1]
    assert videos["test/single_images/001"].labels.tolist() == [0]
    np.testing.assert_array_equal(videos["test/single_images/002"].frames[0], layouts.picture(1))


def test_one_detector_scores_both(tmp_path, root):
    config = configs.default_config()
    config.dataset.name, config.dataset.data_dir = "folder", str(root)
    config.features.backbone, config.features.cache_dir = "pixels_rgb", str(tmp_path / "cache")
    config.features.height, config.features.width = 6, 9
    config.detector.name, config.evaluate.num_bootstrap = "knn", 20
    metrics = stages.run(configs.validate(config), tmp_path / "run", quiet=True)
    scored = {v.id: len(v.scores) for v in artifacts.read_scores(tmp_path / "run").test}
    assert scored == {
        "test/door": 5,
        "test/gate": 6,
        "test/single_images/001": 1,
        "test/single_images/002": 1,
    }
    assert metrics["frame"]["auc_micro"] is not None
    config.detector.name, config.window.length = "window_model", 4
    with pytest.raises(UserError, match=r"2 video.s. to score are shorter than the 2 frames"):
        stages.run(configs.validate(config), tmp_path / "windows", quiet=True)


def test_windows_are_padded_to_hold_an_image(tmp_path, root):
    """Clips of 1 and of 4 to 6 frames, and windows of 8: all are trained on, and all scored."""
    config = configs.default_config()
    config.dataset.name, config.dataset.data_dir = "folder", str(root)
    config.features.backbone, config.features.cache_dir = "pixels_rgb", str(tmp_path / "cache")
    config.features.height, config.features.width = 6, 9
    config.model.units, config.objective.name, config.train.epochs = (8,), "reconstruct", 2
    config.window.length, config.evaluate.num_bootstrap = 8, 20
    with pytest.raises(UserError, match=r"window.short_clips=pad"):
        stages.run(configs.validate(config), tmp_path / "skipped", quiet=True)
    config.window.short_clips = "pad"
    stages.run(configs.validate(config), tmp_path / "run", quiet=True)
    scored = {v.id: v for v in artifacts.read_scores(tmp_path / "run").test}
    assert {v.id: len(v.scores) for v in scored.values()} == {
        "test/door": 5,
        "test/gate": 6,
        "test/single_images/001": 1,
        "test/single_images/002": 1,
    }
    assert all(v.predicted.all() and np.isfinite(v.scores).all() for v in scored.values())
    noted = json.loads((tmp_path / "run" / "data.json").read_text())
    assert "shorter than a window" not in json.dumps(noted)
    audit = json.loads((tmp_path / "run" / "leakage.json").read_text())
    assert audit["test_windows"] == 4  # one of each clip
