"""The shipped sweep over the cameras of ShanghaiTech, on a drawn set of two cameras."""

import json

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax import data
from vadjax.config import shipped, user_code
from vadjax.data.builders.shanghaitech import ShanghaiTech
from vadjax.runtime.console import Console
from vadjax.sweeps import plan
from vadjax.sweeps.folder import run_sweep

pytestmark = pytest.mark.slow
CAMERAS = ("01", "12")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The walkway, drawn from another seed for each camera, in ShanghaiTech's layout."""
    root, train, test = tmp_path / "sh", [], {}
    (root / "testing/test_frame_mask").mkdir(parents=True)
    for camera in CAMERAS:
        config = configs.default_config().dataset
        config.num_train, config.num_test, config.num_frames = 6, 2, 40
        config.height, config.width, config.seed = 96, 128, int(camera)
        drawn = data.load(config, cache_dir=tmp_path / "cache")
        for number, video in enumerate(drawn.train, 1):
            train.append(f"{camera}_{number:03d}")
            write(root / "training/frames" / train[-1], video)
        for number, video in enumerate(drawn.test, 1):
            name = f"{camera}_{number:04d}"
            write(root / "testing/frames" / name, video)
            np.save(root / "testing/test_frame_mask" / f"{name}.npy", video.labels)
            test[name] = (len(video.frames), int(video.labels.sum()))
    monkeypatch.setattr(ShanghaiTech, "training_clips", tuple(train))
    monkeypatch.setattr(ShanghaiTech, "test_clips", test)
    monkeypatch.setattr(ShanghaiTech, "size", (96, 128))
    monkeypatch.setattr(ShanghaiTech, "frames", {})
    return root


def write(folder, video):
    folder.mkdir(parents=True)
    for index, frame in enumerate(video.frames):
        assert cv2.imwrite(str(folder / f"{index:03d}.png"), frame[..., ::-1])


def test_each_camera_has_a_run_and_figures_of_its_own(root, tmp_path):
    file = shipped.find("shanghaitech_scenes", under="sweeps")
    module = user_code.load(file, "shanghaitech_scenes")
    config = module.get_config()
    config.dataset.data_dir, config.features.cache_dir = str(root), str(tmp_path / "cache")
    config.features.backbone, config.features.weights = "mobilenetv2_100", "random"
    config.scene.tap, config.evaluate.num_bootstrap = "stage2", 20
    specs = plan.read_sweep(module.sweep, configs.validate(config))
    assert [spec.config.dataset.scene for spec in specs] == [f"{n:02d}" for n in range(1, 13)]
    folders, errors = run_sweep(specs, tmp_path / "runs", console=Console(quiet=True))
    assert len(errors) == 10  # of the ten cameras that are not there, and no other
    assert [folder.name[-2:] for folder in folders] == list(CAMERAS)
    for spec in specs:
        if (camera := spec.config.dataset.scene) not in CAMERAS:
            assert f"dataset.scene '{camera}' unknown" in errors[spec.name]
    for camera, folder in zip(CAMERAS, folders, strict=True):
        metrics = json.loads((folder / "metrics.json").read_text())
        assert metrics["coverage"] == f"scene {camera}: 2 of 4 test clips"
        assert {video["id"] for video in metrics["videos"]} == {
            f"test/{camera}_0001",
            f"test/{camera}_0002",
        }
        assert metrics["frame"]["auc_micro"] is not None
        assert metrics["threshold"]["rule"] == "alarms"
