"""Every config file is valid; where its detector trains a model, it trains a step."""

import importlib.util
import pathlib

import numpy as np
import pytest

from vadjax.config import validate
from vadjax.data.splits.windows import window_table
from vadjax.detectors import DETECTORS
from vadjax.detectors.window_model import WindowModel
from vadjax.training.fit import fit
from vadjax.training.inputs import TrainingData

pytestmark = pytest.mark.slow  # every model at its full size
FILES = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_config_trains_a_step(path, tmp_path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    if not DETECTORS[config.detector.name].gradient:
        config.dataset.data_dir = str(tmp_path)
        validate(config, inputs=False)
        return
    config.train.epochs, config.train.batch_size = 1, 8
    shape = (3, 4, 6) if config.features.tap == "map" else (12,)
    if config.features.backbone.startswith("pixels"):
        channels = 3 if config.features.backbone == "pixels_rgb" else 1
        shape = (config.features.height, config.features.width, channels)
    detector = WindowModel(config)
    objective, model = detector.objective, detector.model(shape)
    length, rng = config.window.length, np.random.default_rng(0)
    if config.detector.name == "bag_model":
        _train_on_bags(detector, config, rng, tmp_path)
        return
    frames = length + 9
    train = window_table([frames], length=length, stride=1)
    select = window_table([length], length=length, stride=1, starts=[frames])
    data = TrainingData(
        clips=[rng.normal(size=(frames + length, *shape)).astype(np.float32)],
        frame_labels=rng.integers(0, 2, frames + length).astype(np.int32),
        video_classes=rng.integers(0, 2, frames + length).astype(np.int32),
        train=train,
        validation=select,
        cell_labels=rng.random((frames + length, *shape[:-1])).astype(np.float16),
    )
    result = fit(model, objective, data, config, workdir=tmp_path)
    [row] = result.history
    assert np.isfinite(row["train_loss"]) and np.isfinite(row["select_loss"])
    assert row["step"] == -(-len(train) // 8)


def _train_on_bags(detector, config, rng, folder):
    count = config.bag.segments
    table = window_table([count] * 4, length=count, stride=1)
    data = TrainingData(
        clips=[rng.normal(size=(count, 12)).astype(np.float32) for _ in range(4)],
        train=table,
        validation=table,
        video_labels=np.array([0, 1, 0, 1], np.int32),
        pairs=True,
    )
    result = fit(detector.model((12,)), detector.objective, data, config, workdir=folder)
    [row] = result.history
    assert np.isfinite(row["train_loss"]) and row["step"] == 1
