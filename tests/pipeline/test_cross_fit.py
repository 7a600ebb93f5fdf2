"""A cross-fitted run: who scores what, and the threshold recomputed from the scores."""

import numpy as np
import pytest

from vadjax import config as configs
from vadjax.data.clip import clips_of
from vadjax.data.splits.units import Segment, Units
from vadjax.pipeline import stages
from vadjax.pipeline.cross_fit import cross_folds_of
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.storage.cross_fit import read_cross

NUM_TRAIN, RATE = 9, 0.1


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run up to `evaluate`, of a detector that takes no time to fit."""
    config = configs.default_config()
    d, f = config.dataset, config.features
    d.num_train, d.num_test, d.num_frames, d.height, d.width = NUM_TRAIN, 3, 30, 64, 96
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    f.cache_dir, config.detector.name = str(tmp_path_factory.mktemp("cache")), "mahalanobis"
    config.evaluate.false_alarm_rate, config.evaluate.num_bootstrap = RATE, 20
    config.evaluate.cross_fit = 3
    workdir = tmp_path_factory.mktemp("run")
    for stage in ("extract", "train", "score", "evaluate"):
        stages.run(configs.validate(config), workdir, stage=stage, quiet=True)
    return Run(config, workdir, Console(quiet=True))


def test_every_normal_clip_is_scored_by_a_detector_that_did_not_see_it(done):
    held = {v.id: v.scores for v in artifacts.read_scores(done.workdir).calibration}
    assert sorted(held) == [f"train/{n:02d}" for n in range(1, NUM_TRAIN + 1)]
    scored = []
    for index, fold in enumerate(cross_folds_of(done)):
        state = read_cross(done.workdir, index)
        seen = {name for frames in state["fitted_on"].values() for name, *_ in frames}
        for segment in fold.calibration.segments:
            assert segment.video_id not in seen
            whole = Units((Segment(segment.video_id, 0, len(segment)),))
            (clip,) = clips_of(whole, done.videos, done.read, name="")
            again = done.detector.score(state, clip).scores
            np.testing.assert_allclose(held[clip.id], again, rtol=1e-5)
            scored.append(clip.id)
    assert sorted(scored) == sorted(held)


def test_the_threshold_is_that_of_clips_left_out_one_at_a_time(done):
    held = [v.scores.astype(float) for v in artifacts.read_scores(done.workdir).calibration]
    value = done.metrics["threshold"]["value"]

    def rate(threshold):  # of clips, each on the scale of the others
        flat = np.concatenate(held)
        units = (threshold - np.median(flat)) / (np.quantile(flat, 1 - RATE) - np.median(flat))
        rates = []
        for n, clip in enumerate(held):
            others = np.concatenate([*held[:n], *held[n + 1 :]])
            middle = np.median(others)
            own = middle + units * (np.quantile(others, 1 - RATE) - middle)
            rates.append(np.mean(clip >= own))
        return np.mean(rates)

    assert rate(value * (1 + 1e-6)) <= RATE < rate(value * (1 - 1e-6))


def test_what_is_said_of_it(done):
    threshold = done.metrics["threshold"]
    assert threshold["rule"] == "by_clip" and threshold["fallback"] is None
    assert threshold["calibration"]["videos"] == NUM_TRAIN
    expected = threshold["expected"]
    assert expected["asked"] == RATE and expected["cross_fit"] == 3
    assert expected["clips"] == NUM_TRAIN
    assert 0 <= expected["low"] <= expected["mean"] <= expected["high"] <= 1
    assert not any("share the held-out clips" in text for text in done.metrics["warnings"])
    assert done.metrics["leakage"]["verdict"] == "clean"


def test_the_detector_itself_does_not_change(done, tmp_path):
    config = done.config.copy_and_resolve_references()
    config.evaluate.cross_fit = 0
    for stage in ("extract", "train", "score", "evaluate"):
        stages.run(config, tmp_path, stage=stage, quiet=True)
    ours, theirs = (artifacts.read_scores(path) for path in (done.workdir, tmp_path))
    for one, other in zip(ours.test, theirs.test, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
    assert len(theirs.calibration) < len(ours.calibration)
    metrics = Run(config, tmp_path, Console(quiet=True)).metrics
    assert "cannot" not in (metrics["threshold"]["fallback"] or "")
    assert metrics["threshold"]["expected"]["mean"] is None
    why = metrics["reasons"]["threshold.expected.mean"]
    assert "it takes 8 to say" in why
    assert any("share the held-out clips" in text for text in metrics["warnings"])
