"""dataset.augment end to end: copies of training clips alone, and a page that says so."""

import json

import pytest

from vadjax import config as configs
from vadjax.pipeline import stages
from vadjax.pipeline.cross_fit import cross_folds_of
from vadjax.pipeline.export_features import export
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage import artifacts


@pytest.mark.parametrize("protocol", ["by_video", "one_class"])
def test_copies_are_trained_on_and_never_tested(protocol, tmp_path):
    config = configs.default_config()
    d, f, t = config.dataset, config.features, config.train
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 4, 6, 36, 64, 96
    d.protocol, d.augment, d.num_folds = protocol, "flip,brightness", 2 * (protocol == "by_video")
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    f.cache_dir = str(tmp_path / "cache")
    config.window.length, config.model.units = 4, (8,)
    t.epochs, t.patience, t.batch_size = 1, 0, 16
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 3
    config.report.thumbnails, config.explain.maps = 0, False
    if protocol == "by_video":
        config.objective.name, config.evaluate.threshold = "classify", "half"
    config = configs.validate(config)
    metrics = stages.run(config, tmp_path / "run", quiet=True)
    assert metrics["leakage"]["verdict"] == "clean" and metrics["leakage"]["augmented"] == 0.0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "trained on altered copies too: flip,brightness" in page
    run = Run(config, tmp_path / "run", Console(quiet=True))
    scored = artifacts.read_scores(tmp_path / "run")
    own = {video.id for video in (*run.dataset.train, *run.dataset.test)}
    assert {v.id for v in (*scored.test, *scored.calibration)} <= own
    for fold in run.folds:
        check(fold, False)
    crossed = cross_folds_of(run)
    assert len(crossed) == (3 if protocol == "one_class" else 0)
    for fold in crossed:
        check(fold, True)
    export(run, tmp_path / "features")
    index = json.loads((tmp_path / "features" / "features.json").read_text())
    assert {clip["id"] for clip in index["clips"]} == own


def check(fold, crossed):
    """Compare the copies of a fold with its training clips."""
    train = [segment.video_id for segment in fold.train.segments]
    sources = {name for name in train if "~" not in name}
    assert sorted(name for name in train if "~" in name) == sorted(
        f"{name}~{how}" for name in sources for how in ("flip", "brightness")
    )
    held = fold.calibration if crossed else fold.test
    assert held.segments and not sources & {segment.video_id for segment in held.segments}
    assert not any("~" in s.video_id for s in (*held.segments, *fold.validation.segments))
