"""MNAD's published score of a video, against a loop after the published evaluation."""

import json

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax.detectors import memory_at_test
from vadjax.detectors.window_state import trained_of
from vadjax.errors import UserError
from vadjax.models.mnad import updated
from vadjax.pipeline import stages
from vadjax.pipeline.run import Run
from vadjax.report.wording import treatment
from vadjax.runtime.console import Console
from vadjax.storage import artifacts


def write(folder):
    """Four training clips and two to test, of a square that walks over a plain."""
    for name in ("train/0", "train/1", "train/2", "train/3", "test/a", "test/b"):
        (folder / name).mkdir(parents=True)
        for t in range(12):
            frame = np.full((32, 48), 90, np.uint8)
            left = (2 * t + 5 * len(list(folder.rglob("0.png")))) % 40
            frame[10:18, left : left + (12 if name == "test/b" and t > 5 else 6)] = 200
            cv2.imwrite(str(folder / name / f"{t}.png"), frame)
    (folder / "labels.csv").write_text("video,start,stop\nb,6,12\n")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A run whose memory goes on learning."""
    folder, cache = tmp_path_factory.mktemp("videos"), tmp_path_factory.mktemp("cache")
    write(folder)
    config, work = configs.default_config(), tmp_path_factory.mktemp("run")
    changes = {"dataset.name": "folder", "dataset.data_dir": str(folder), "window.length": 3}
    changes |= {"features.backbone": "pixels", "features.tap": "map", "features.height": 16}
    changes |= {"features.width": 24, "features.standardize": "range", "model.name": "mnad"}
    changes |= {"model.channels": (4, 6, 8), "model.memory": 5, "model.at_test": "updated"}
    changes |= {"train.epochs": 2, "train.batch_size": 8, "evaluate.cross_fit": 0}
    changes |= {"features.cache_dir": str(cache), "evaluate.num_bootstrap": 20}
    for key, value in changes.items():
        configs.assign(config, f"{key}={value}")
    config = configs.validate(config)
    for stage in ("extract", "train", "score", "evaluate"):
        stages.run(config, work, stage=stage, quiet=True)
    return Run(config, work, Console(quiet=True))


def loop(model, variables, rows, limit):
    """Return errors in dB, distances, and the weighted errors, of which those below learn."""
    items, errors, distances, weighted = variables["memory"]["items"], [], [], []
    for i in range(1, len(rows)):  # a frame's window begins with frame 0 where it is too early
        window = rows[np.maximum([i - 2, i - 1, i], 0)][None]
        held = {**variables, "memory": {"items": items}}
        outputs, _ = model.apply(held, window, num_outputs=1)
        mse = np.square((np.asarray(outputs["output"][0, -1]) + 1) / 2 - (window[0, -1] + 1) / 2)
        errors.append(-10 * np.log10(1 / mse.mean()))
        distances.append(float(outputs["compactness"][0, 0]))
        weight = 1 - np.exp(-mse)
        weighted.append((weight * mse).sum() / weight.sum())
        if weighted[-1] < limit:
            query = np.asarray(outputs["hidden"]).reshape(-1, items.shape[1])
            items = np.asarray(updated(items, query))
    return errors, distances, weighted


@pytest.mark.parametrize("at_test", ["combined", "updated"])
def test_scores_are_those_of_a_loop_over_the_frames(scored, at_test, monkeypatch):
    run = scored
    run.config.model.at_test = at_test
    clip, detector = run.clips(run.folds[0].test, run.folds[0])[0], run.detector
    state = artifacts.read_state(run.workdir, 0)
    variables, standardizer = trained_of(state)
    rows = standardizer.apply(clip.rows("features")[:])
    model = detector.model(rows.shape[1:])
    *frozen, weighted = loop(model, variables, rows, 0)
    limit = (min(weighted) + max(weighted)) / 2
    monkeypatch.setitem(memory_at_test.NORMAL, "predict", limit)
    memory_at_test._measure.cache_clear()
    found = memory_at_test.score_clips(detector, state, [clip])[0]
    memory_at_test._measure.cache_clear()
    parts = loop(model, variables, rows, limit)[:2] if at_test == "updated" else frozen
    assert (np.abs(np.subtract(parts, frozen)).max() > 1e-3) == (at_test == "updated")
    scaled = [(np.array(x) - min(x)) / (max(x) - min(x)) for x in parts]
    np.testing.assert_allclose(found.scores[1:], 0.6 * scaled[0] + 0.4 * scaled[1], atol=2e-3)
    assert not found.predicted[0] and found.predicted[1:].all()


def test_the_audit_calls_scores_that_are_fitted_to_the_test_leaky(scored):
    metrics = json.loads((scored.workdir / "metrics.json").read_text())
    said = metrics["leakage"]["statistic"]
    assert metrics["leakage"]["verdict"] == "leaky" and set(said) <= set(metrics["warnings"])
    assert any("learning from test frames" in text for text in said)
    assert any("scaled by its own least and largest" in text for text in said)
    longest = max(len(v.scores) for v in artifacts.read_scores(scored.workdir).test)
    assert metrics["lookahead_frames"] == longest - 1
    words = treatment(metrics)
    assert "raw scores, not smoothed" not in words and set(said) & set(words)


def test_frames_cannot_be_scored_as_they_come(scored):
    with pytest.raises(UserError, match="frames cannot be scored as they come"):
        scored.detector.stream(artifacts.read_state(scored.workdir, 0))


def test_another_model_has_no_such_score():
    config = configs.default_config()
    config.dataset.name, config.model.at_test = "synthetic", "updated"
    with pytest.raises(UserError, match=r"model\.at_test=updated is MNAD's"):
        configs.validate(config)
