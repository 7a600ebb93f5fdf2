"""A detector that reads several stages of the backbone, through every command."""

import sys
import types

import cv2
import jax
import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from vadjax import config as configs
from vadjax import data, detectors
from vadjax.data.arrays.row_view import JoinedRows, RowView
from vadjax.data.splits.units import Segment
from vadjax.detectors.contract import ClipDetector
from vadjax.detectors.feature_distance import pooled
from vadjax.detectors.frontend import RowStream
from vadjax.errors import UserError
from vadjax.features.extractor import Extractor, FrameExtractor, features_spec
from vadjax.pipeline import predict, stages
from vadjax.pipeline.cross_fit import cross_folds_of
from vadjax.pipeline.run import Run
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime.console import Console
from vadjax.scoring import distances
from vadjax.storage import artifacts
from vadjax.storage.features import FeatureStore
from vadjax.sweeps import folder, plan, worker
from vadjax.sweeps.group import open_runs

TAPS = ("stage2", "stage4")


class TwoStages(ClipDetector):
    """Distance to the nearest normal frame, by the means of two stages one behind the other."""

    name = "two_stages"

    def __init__(self, config, frontend=None):
        super().__init__(config, frontend)
        self.inputs = ("tap:stage2", f"tap:{config.scene.tap or 'stage4'}")

    def fit(self, train, validation, *, seed, progress):
        return {"bank": np.concatenate([self._rows(clip) for clip in train])}

    def score(self, state, clip):
        return clip.scored(distances.knn(state["bank"], self._rows(clip), k=1))

    def stream(self, state):
        def score(rows):
            row = np.concatenate([pooled(rows[name][None]) for name in self.inputs], 1)
            return float(distances.knn(state["bank"], row, k=1)[0])

        return RowStream(self.frontend, self.inputs, score)

    def _rows(self, clip):
        views = [RowView(clip.rows(name), pooled) for name in self.inputs]
        return np.concatenate([JoinedRows([view])[:] for view in views], 1)


@pytest.fixture(scope="module", autouse=True)
def registered():
    entry = detectors.Entry(
        "two_stages", "TwoStages", "Two stages", inputs=tuple(f"tap:{t}" for t in TAPS)
    )
    module = types.SimpleNamespace(TwoStages=TwoStages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "vadjax.detectors.two_stages", module)
        patch.setitem(detectors.DETECTORS, "two_stages", entry)
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def tiny(cache, **changes):
    config = configs.default_config()
    d, f = config.dataset, config.features
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 4, 2, 24, 64, 96
    f.cache_dir, config.detector.name = str(cache), "two_stages"
    f.backbone, f.weights, f.height, f.width, f.batch_size = "mobilenetv2_100", "random", 32, 32, 8
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 2
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return configs.validate(config)


def opened(cache, workdir, **changes) -> Run:
    return Run(tiny(cache, **changes), workdir, Console(quiet=True))


@pytest.fixture
def passes(monkeypatch):
    """The taps of each pass of the network, over a batch or over a frame."""
    return spy(monkeypatch)


def spy(patch):
    seen = []

    def counted(kind, taps):
        call = kind.__call__

        def counting(self, images):
            seen.append(taps(self))
            return call(self, images)

        patch.setattr(kind, "__call__", counting)

    counted(Extractor, lambda it: it.taps)
    counted(FrameExtractor, lambda it: it._extractor.taps)
    return seen


@pytest.fixture(scope="module")
def finished(cache, tmp_path_factory):
    """A workdir; passes of its extraction; files of stage4, made before, and as they are after."""
    workdir = tmp_path_factory.mktemp("run")
    before = opened(cache, workdir / "knn", detector__name="knn", features__tap="stage4")
    stages.extract(before)
    first = stamps(before.store)
    with pytest.MonkeyPatch.context() as patch:
        seen = spy(patch)
        metrics = stages.run(tiny(cache), workdir / "both", quiet=True)
    return workdir / "both", metrics, seen, (first, stamps(before.store))


def stamps(store):
    return {path.name: path.stat().st_mtime_ns for path in store.folder.glob("*.npy")}


@pytest.fixture(scope="module")
def by_hand(cache, finished):
    """Video -> the means of both stages [t, d], by a network for each of them."""
    run = opened(cache, finished[0])
    count = jax.local_device_count()  # a frame on each
    networks = [Extractor(run.backbone, taps=(tap,), batch_size=count) for tap in TAPS]
    result = {}
    for name, video in run.videos.items():
        images = [run.backbone.preprocess(frame)[None] for frame in video.frames]
        images = [np.repeat(image, count, 0) for image in images]
        maps = [
            np.concatenate([np.asarray(network(image)[tap], np.float32)[:1] for image in images])
            for network, tap in zip(networks, TAPS, strict=True)
        ]
        result[name] = np.concatenate([each.mean((1, 2)) for each in maps], 1)
    return result


def nearest(by_hand, train, video):
    bank = np.concatenate([by_hand[s.video_id][s.start : s.stop] for s in train.segments])
    found = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(bank.astype(np.float64))
    return found.kneighbors(by_hand[video].astype(np.float64))[0][:, 0]


def test_scores_are_those_of_two_extractions(finished, by_hand, cache):
    scored, run = artifacts.read_scores(finished[0]), opened(cache, finished[0])
    (fold,) = run.folds
    assert len(scored.test) == 2
    for video in scored.test:
        np.testing.assert_allclose(
            video.scores, nearest(by_hand, fold.train, video.id), rtol=1e-3, atol=1e-5
        )
    wanted = {
        segment.video_id: nearest(by_hand, cross.train, segment.video_id)
        for cross in cross_folds_of(run)
        for segment in cross.calibration.segments
    }
    assert len(wanted) == 4 and {video.id for video in scored.calibration} == {*wanted}
    for video in scored.calibration:
        np.testing.assert_allclose(video.scores, wanted[video.id], rtol=1e-3, atol=1e-5)


def test_a_frame_is_passed_once_and_each_tap_has_its_store(finished, by_hand, cache):
    workdir, metrics, seen, (first, after) = finished
    assert seen == [TAPS] * (6 * 3)  # 6 videos of 3 batches
    assert len(first) == 6 and after == first  # what was there is kept
    run = opened(cache, workdir)
    for number, tap in enumerate(TAPS):
        store = FeatureStore(cache / "features" / "synthetic", features_spec(run.backbone, tap=tap))
        for name, video in run.videos.items():
            rows = store.read(video)
            assert rows.dtype == np.float16 and rows.ndim == 4
            [both] = {rows.shape[-1], run.read(f"tap:{tap}", whole(video)).shape[-1]}
            start = 0 if number == 0 else by_hand[name].shape[1] - both
            np.testing.assert_allclose(
                rows.astype(np.float32).mean((1, 2)),
                by_hand[name][:, start : start + both],
                rtol=1e-3,
                atol=1e-4,
            )
    assert metrics["detector"]["tap"] == "stage2, stage4"
    assert metrics["detector"]["backbone"] == "mobilenetv2_100"
    assert any("weights are random" in text for text in metrics["warnings"])


def whole(video):
    return Segment(video.id, 0, len(video.frames))


def test_detect_and_a_stream_give_the_scores_of_the_run(finished, cache, tmp_path, passes):
    video = data.load(tiny(cache).dataset, cache_dir=cache).test[0]
    (tmp_path / "clip").mkdir()
    for index, frame in enumerate(video.frames):
        cv2.imwrite(str(tmp_path / "clip" / f"{index:03d}.png"), frame[..., ::-1])
    [known] = [one for one in artifacts.read_scores(finished[0]).test if one.id == video.id]
    out, clip = tmp_path / "out", str(tmp_path / "clip")
    [scored] = predict.detect(finished[0], [clip], out=out, fps=10.0, quiet=True)
    assert passes == [TAPS] * 3
    np.testing.assert_allclose(scored.scores, known.scores, rtol=1e-6, atol=1e-6)
    passes.clear()
    detector = TrainedDetector.load(finished[0])
    np.testing.assert_array_equal(detector.score(clip).scores, scored.scores)
    assert not passes  # its rows are in the store
    stream = detector.stream()
    results = [result for frame in video.frames for result in stream.update(frame)]
    assert passes == [TAPS] * 24
    np.testing.assert_allclose([r.score for r in results], known.scores, rtol=1e-6, atol=1e-6)


def test_a_stream_of_several_folds_passes_over_a_frame_once(cache, passes, tmp_path):
    changes = {"dataset__protocol": "by_video", "dataset__num_folds": 2, "dataset__num_test": 4}
    stages.run(tiny(cache, **changes), tmp_path, quiet=True)
    detector = TrainedDetector.load(tmp_path)
    assert len(detector.states) == 2
    video = detector.run.dataset.test[0]
    [scored], stream = detector.score_videos([video]), detector.stream()
    passes.clear()
    results = [result for frame in video.frames for result in stream.update(frame)]
    assert passes == [TAPS] * 24
    np.testing.assert_allclose([r.score for r in results], scored.scores, rtol=1e-6, atol=1e-6)


def test_readers_of_one_stream_share_a_pass(finished, cache, passes):
    run = opened(cache, finished[0], features__tap="stage2")
    names = ("features", "motion", "tap:stage2", "tap:features")
    read, video = run.frontend.reader(*names), run.dataset.test[0]
    rows = [read(video.frames[index]) for index in range(3)]
    assert passes == [("stage2", "features")] * 3
    assert {*rows[0]} == {*names} and rows[0]["motion"] is None
    np.testing.assert_array_equal(rows[2]["motion"], run.read("motion", whole(video))[2])
    for index, row in enumerate(rows):
        np.testing.assert_array_equal(row["features"], row["tap:stage2"])
        stored = run.tap_stores["stage2"].read(video)[index]
        np.testing.assert_allclose(row["tap:stage2"], stored, rtol=2e-3, atol=1e-4)
        assert row["tap:features"].shape == (run.backbone.num_features,)


def test_an_unknown_tap_names_those_of_the_backbone(cache, tmp_path):
    expected = (
        r"detector two_stages: tap of mobilenetv2_100 'stage44' unknown; choose one of features, "
        r"logits, map, probabilities, stage1, .*stage4, .*\. Did you mean 'stage4'\?"
    )
    with pytest.raises(UserError, match=expected):
        stages.run(tiny(cache, scene__tap="stage44"), tmp_path, quiet=True)
    with pytest.raises(UserError, match=r"features\.tap of mobilenetv2_100 'stage44' unknown"):
        made = tiny(cache, detector__name="knn", features__tap="stage44")
        stages.run(made, tmp_path, quiet=True)
    assert not (tmp_path / "config.json").exists()
    for name in ("featurs", "cells"):
        with pytest.raises(UserError, match=rf"input of .*'{name}' unknown; .*tap:NAME"):
            opened(cache, tmp_path).frontend.reader(name)


def test_cells_and_taps_go_together(cache, tmp_path, passes):
    run = opened(cache, tmp_path, scene__tap="stage1")
    run.detector.inputs = (*run.detector.inputs, "cells", "windows")
    assert stages.extract(run) and passes == [("stage2", "stage1")] * (6 * 3)
    assert {*run.stores} == {"tap:stage2", "tap:stage1", "motion", "cells", "windows"}
    assert all(store.holds(v) for store in run.stores.values() for v in run.videos.values())
    assert not stages.extract(run)
    frames = sum(len(video.frames) for video in run.videos.values())
    assert artifacts.read_timing(tmp_path)["extract_frames"] == frames  # each counts once


def test_other_weights_are_refused(finished, monkeypatch):
    metrics = finished[1]
    metrics = {**metrics, "detector": {**metrics["detector"], "weights_sha256": "0" * 64}}
    monkeypatch.setattr(Run, "metrics", metrics)
    with pytest.raises(UserError, match="weights of mobilenetv2_100 are others"):
        TrainedDetector.load(finished[0])


def test_a_sweep_over_taps_extracts_each_of_them(cache):
    specs = plan.read_sweep(
        lambda add: [add(**{"scene.tap": tap}) for tap in ("stage3", "stage4", "")], tiny(cache)
    )
    keys = [spec.input_key for spec in specs]
    assert keys[0] != keys[1] == keys[2]
    assert worker.one_per_features([[spec] for spec in specs]) == specs[:2]


def test_runs_of_a_sweep_share_the_stores(finished, cache, tmp_path, passes):
    specs = plan.read_sweep(lambda add: [add(seed=seed) for seed in (0, 1)], tiny(cache))
    first, second = open_runs(specs, tmp_path)
    assert first.tap_stores is second.tap_stores and {*second.tap_stores} == {*TAPS}
    folders, errors = folder.run_sweep(specs, tmp_path, console=Console(quiet=True))
    assert not errors and len(folders) == 2 and not passes
    scored, known = (artifacts.read_scores(each).test for each in (min(folders), finished[0]))
    for one, other in zip(scored, known, strict=True):  # both of seed 0
        np.testing.assert_array_equal(one.scores, other.scores)
