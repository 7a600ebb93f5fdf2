"""The backbone's input has the shape of the frames, and a detector keeps the size of its run."""

import json
import shutil

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax.pipeline import stages
from vadjax.pipeline.run import Run
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime.console import Console


def write_clip(folder, size, num_frames=6):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(num_frames)
    for i in range(num_frames):
        frame = rng.integers(0, 255, (*size, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{i}.png"), frame)


@pytest.fixture
def config(tmp_path):
    for name in ("train/a", "train/b", "train/c", "test/d"):
        write_clip(tmp_path / "mine" / name, (36, 64), num_frames=8)
    made = configs.default_config()
    made.dataset.name, made.dataset.data_dir = "folder", str(tmp_path / "mine")
    made.features.backbone, made.features.weights = "mobilenetv2_050", "random"
    made.features.cache_dir, made.features.batch_size = str(tmp_path / "cache"), 4
    made.detector.name, made.explain.maps, made.explain.videos = "knn", False, False
    made.explain.num_pictures, made.window.length = 0, 4
    return made


def size_of(config, tmp_path):
    return Run(config, tmp_path / "run", Console(quiet=True)).input_size


def test_the_size_follows_the_commonest_frames(config, tmp_path):
    assert size_of(config, tmp_path) == (224, 384)
    write_clip(tmp_path / "mine" / "train" / "odd", (48, 48), num_frames=25)
    assert size_of(config, tmp_path) == (224, 224)
    config.features.height, config.features.width = 64, 96
    assert size_of(config, tmp_path) == (64, 96)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aspect", "checkpoint"),
        ("fit", "pad"),
        ("preprocess", "rahmani_compat"),
        ("backbone", "vit_tiny_patch16_224"),
    ],
)
def test_the_size_is_the_own_one_where_that_is_asked_for(config, tmp_path, key, value):
    config.features[key] = value
    assert size_of(config, tmp_path) is None


def test_a_detector_keeps_the_size_of_its_run(config, tmp_path, capsys):
    workdir = tmp_path / "run"
    metrics = stages.run(configs.validate(config), workdir)
    out = capsys.readouterr().out
    assert "input 384x224 pixels, in the shape of frames of 64x36" in out
    assert metrics["detector"]["size"] == [224, 384]
    detector = TrainedDetector.load(workdir)
    assert detector.run.backbone.preprocess.size == (224, 384)
    square = tmp_path / "square"
    write_clip(square, (48, 48))
    assert len(detector.score(square).scores) == 6
    videos = config.dataset.data_dir
    shutil.move(videos, tmp_path / "elsewhere")  # which a trained detector needs no more
    assert len(TrainedDetector.load(workdir).score(square).scores) == 6
    shutil.move(tmp_path / "elsewhere", videos)
    assert json.loads((workdir / "config.json").read_text())["config"]["features"]["height"] == 0
    stages.run(configs.validate(config), workdir, quiet=True)  # the same command goes on


def test_frames_of_several_shapes_are_said(config, tmp_path, capsys):
    write_clip(tmp_path / "mine" / "train" / "odd", (48, 48))
    stages.run(configs.validate(config), tmp_path / "run", stage="extract")
    text = " ".join(capsys.readouterr().out.split())
    assert "training frames of several shapes; 24 of 30 are 64x36, others, such as 48x48" in text
