"""What a run was fitted on, recomputed from data.json and the feature store, without its code."""

import json

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from vadjax import config as configs
from vadjax.features.motion import MOTION_NAMES
from vadjax.pipeline import stages
from vadjax.pipeline.baselines import baselines
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage import artifacts

NUM_TRAIN, LENGTH, QUANTILE = 15, 4, 0.9


def config_of(cache):
    config = configs.default_config()
    d, f, t = config.dataset, config.features, config.train
    d.num_train, d.num_test, d.num_frames, d.height, d.width = NUM_TRAIN, 3, 20, 64, 96
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    f.cache_dir, config.seed = str(cache), 3
    config.window.length, config.model.units = LENGTH, (8,)
    t.epochs, t.patience, t.batch_size = 2, 0, 16
    config.evaluate.threshold, config.evaluate.quantile = "quantile", QUANTILE
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 0
    return configs.validate(config)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run up to `evaluate`."""
    config = config_of(tmp_path_factory.mktemp("cache"))
    workdir = tmp_path_factory.mktemp("run")
    for stage in ("extract", "train", "score", "evaluate"):
        stages.run(config, workdir, stage=stage, quiet=True)
    return Run(config, workdir, Console(quiet=True))


@pytest.fixture(scope="module")
def sides(done):
    """Ids of the clips, as docs/protocols.md says: a fifth is held out, the smaller half stops."""
    videos = list(json.loads((done.workdir / "data.json").read_text())["videos"])
    train = [name for name in videos if name.startswith("train/")]
    assert len(train) == NUM_TRAIN
    held = [train[i] for i in np.random.default_rng(3).permutation(NUM_TRAIN)[:3]]
    return {
        "train": [name for name in train if name not in held],
        "stopping": held[:1],
        "threshold": held[1:],
        "test": [name for name in videos if name.startswith("test/")],
    }


@pytest.fixture(scope="module")
def rows(done, sides):
    """The stored features of every clip."""
    names = [name for side in sides.values() for name in side]
    return {name: np.array(done.store.read(done.videos[name]), np.float64) for name in names}


def standardisation(rows):
    """Mean and deviation of rows; no deviation is below a tenth of the median one."""
    mean, std = rows.mean(0), rows.std(0)
    varying = std[std > 1e-6 * np.abs(mean)]
    return mean, np.maximum(std, 0.1 * np.median(varying))


def test_the_standardisation_is_of_the_training_clips_alone(done, sides, rows):
    state = artifacts.read_state(done.workdir, 0)
    mean, std = standardisation(np.concatenate([rows[name] for name in sides["train"]]))
    np.testing.assert_allclose(state["mean"], mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(state["std"], std, rtol=1e-4, atol=1e-6)


def test_the_checkpoint_is_chosen_by_the_smaller_half_of_the_held_out_clips(done, sides, rows):
    state = artifacts.read_state(done.workdir, 0)
    model, objective = (
        done.detector.model(rows[sides["test"][0]].shape[1:]),
        done.detector.objective,
    )

    def loss(names):
        standard = [((rows[n] - state["mean"]) / state["std"]).astype(np.float32) for n in names]
        windows = np.stack(
            [x[i : i + LENGTH] for x in standard for i in range(len(x) - LENGTH + 1)]
        )
        outputs, _ = model.apply(state["variables"], windows, train=False)
        total, weight = objective.loss(outputs, windows, {"weight": np.ones(len(windows))}, {})
        return float(total / weight)

    least = min(row["select_loss"] for row in artifacts.read_history(done.workdir, ""))
    assert loss(sides["stopping"]) == pytest.approx(least, rel=1e-4)
    for others in ("threshold", "train", "test"):
        assert loss(sides[others]) != pytest.approx(least, rel=1e-3)


def test_the_threshold_is_the_quantile_of_the_other_held_out_clips(done, sides):
    scored = artifacts.read_scores(done.workdir)
    held = {video.id: video.scores for video in scored.calibration}
    assert sorted(held) == sorted(sides["threshold"])
    state, (fold,) = artifacts.read_state(done.workdir, 0), done.folds
    for clip in done.clips(fold.calibration, fold):
        np.testing.assert_allclose(
            held[clip.id], done.detector.score(state, clip).scores, rtol=1e-5
        )
    pooled = np.sort(np.concatenate([held[name] for name in sides["threshold"]]).astype(np.float64))
    place = QUANTILE * (len(pooled) - 1)
    low, share = int(place), place - int(place)
    want = pooled[low] * (1 - share) + pooled[low + 1] * share
    assert done.metrics["threshold"]["value"] == pytest.approx(want, rel=1e-6)


def test_knn_measures_the_distance_from_normal_training_frames_alone(done, sides, rows):
    mean, std = standardisation(np.concatenate([rows[name] for name in sides["train"]]))
    fitted = np.concatenate([(rows[name] - mean) / std for name in sides["train"]])
    peer = NearestNeighbors(n_neighbors=done.config.evaluate.knn).fit(fitted)
    found = {video.id: video.scores for video in baselines(done)["knn"]}
    for name in sides["test"]:
        want = peer.kneighbors((rows[name] - mean) / std)[0].mean(1)
        np.testing.assert_allclose(found[name], want, rtol=1e-3)


def test_mahalanobis_measures_from_normal_training_frames_alone(done, sides, rows):
    from sklearn.covariance import LedoitWolf

    mean, std = standardisation(np.concatenate([rows[name] for name in sides["train"]]))
    fitted = np.concatenate([(rows[name] - mean) / std for name in sides["train"]])
    peer = LedoitWolf().fit(fitted)
    found = {video.id: video.scores for video in baselines(done)["mahalanobis"]}
    for name in sides["test"]:
        want = np.sqrt(peer.mahalanobis((rows[name] - mean) / std))
        assert np.corrcoef(found[name], want)[0, 1] > 0.999


def test_motion_baselines_are_the_stored_measures(done, sides):
    found = baselines(done)
    for name, column in (("flow_box", "flow"), ("frame_difference", "difference")):
        scores = {video.id: video.scores for video in found[name]}
        for clip in sides["test"]:
            stored = np.array(done.motion_store.read(done.videos[clip]))[
                :, MOTION_NAMES.index(column)
            ]
            np.testing.assert_array_equal(scores[clip], stored)


def test_every_fit_notes_what_it_has_read(done, sides):
    def whole(names):
        return sorted((name, 0, len(done.videos[name].frames)) for name in names)

    noted = artifacts.read_state(done.workdir, 0)["fitted_on"]
    noted = {purpose: [tuple(each) for each in frames] for purpose, frames in noted.items()}
    assert noted["standardisation"] == noted["training"] == whole(sides["train"])
    assert noted["early stopping"] == whole(sides["stopping"])
    metrics = done.metrics
    assert sorted(metrics["threshold"]["calibration"]["clips"][0]) == sorted(sides["threshold"])
    leakage = metrics["leakage"]
    assert leakage["basis"] == "fits" and leakage["verdict"] == "clean"
    assert leakage["statistic"] == [] and leakage["copies"] == []
    assert leakage == json.loads((done.workdir / "leakage.json").read_text())
