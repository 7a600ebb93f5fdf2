"""A detector that gives maps and parts with its scores, through every command."""

import csv
import json
import sys
import types

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax import data, detectors
from vadjax.detectors.contract import ClipDetector, FrameScore
from vadjax.pipeline import predict, stages
from vadjax.pipeline.trained import TrainedDetector
from vadjax.storage import artifacts
from vadjax.sweeps import folder, plan

GRID = (6, 8)


def change(before, frame):
    """Mean absolute difference of two frames in each cell of the grid."""
    pair = np.asarray(frame, np.float32), np.asarray(before, np.float32)
    return cv2.resize(np.abs(pair[0] - pair[1]).mean(2), GRID[::-1], interpolation=cv2.INTER_AREA)


class Blocks(ClipDetector):
    """The largest change of a cell, in units of the largest of a training clip, on average."""

    name = "blocks"

    def fit(self, train, validation, *, seed, progress):
        tops = [np.max([change(*pair) for pair in pairs_of(clip)]) for clip in train]
        return {"top": np.float32(np.mean(tops))}

    def score(self, state, clip):
        maps = clip.new_maps((len(clip), *GRID))
        for index, pair in enumerate(pairs_of(clip)):
            maps[index] = change(*pair) / state["top"]
        parts = {"largest": maps.max((1, 2)), "mean": maps.mean((1, 2))}
        return clip.scored(parts["largest"], maps=maps, parts=parts)

    def stream(self, state):
        return BlocksStream(state)


class BlocksStream:
    def __init__(self, state):
        self._top, self._before, self._count = state["top"], None, -1

    def update(self, frame, time=None):
        before, self._before = self._before, frame
        self._count += 1
        cells = change(frame if before is None else before, frame) / self._top
        parts = {"largest": float(cells.max()), "mean": float(cells.mean())}
        return [FrameScore(self._count, time, float(cells.max()), cells, parts)]

    def close(self):
        return []


def pairs_of(clip):
    [video], [segment] = clip.videos, clip.units.segments
    before = video.frames[segment.start]
    for index in range(segment.start, segment.stop):
        frame = video.frames[index]
        yield before, frame
        before = frame


@pytest.fixture(scope="module", autouse=True)
def registered():
    entry = detectors.Entry("blocks", "Blocks", "Blocks of change", detectors.MOTION, ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "vadjax.detectors.blocks", types.SimpleNamespace(Blocks=Blocks))
        patch.setitem(detectors.DETECTORS, "blocks", entry)
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def tiny(cache, **changes):
    config = configs.default_config()
    d = config.dataset
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 4, 3, 40, 96, 128
    config.features.cache_dir, config.detector.name = str(cache), "blocks"
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 2
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return config


@pytest.fixture(scope="module")
def finished(cache, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    return workdir, stages.run(configs.validate(tiny(cache)), workdir, quiet=True)


@pytest.fixture(scope="module")
def expected(cache, finished):
    """Test video -> maps, by a loop over its frames."""
    top = artifacts.read_state(finished[0], 0)["top"]
    videos = data.load(tiny(cache).dataset, cache_dir=cache).test
    result = {}
    for video in videos:
        frames = [*video.frames]
        pairs = zip([frames[0], *frames], frames, strict=False)
        result[video.id] = np.stack([change(*pair) for pair in pairs]) / top
    return result


def test_scores_maps_and_parts_are_kept_and_come_back_mapped(finished, expected):
    workdir, _ = finished
    scored = artifacts.read_scores(workdir)
    assert {video.id for video in scored.test} == set(expected)
    for video in scored.test:
        maps = expected[video.id]
        assert isinstance(video.maps, np.memmap)  # a long video's are never read whole
        np.testing.assert_allclose(video.maps, maps, rtol=1e-6)
        np.testing.assert_allclose(video.parts["largest"], maps.max((1, 2)), rtol=1e-6)
        np.testing.assert_allclose(video.parts["mean"], maps.mean((1, 2)), rtol=1e-6)
        np.testing.assert_array_equal(video.scores, video.parts["largest"])
    assert scored.calibration and all(video.maps is None for video in scored.calibration)
    assert all(set(video.parts) == {"largest", "mean"} for video in scored.calibration)
    assert not list(workdir.glob(".maps-*"))


def test_maps_are_measured_drawn_and_shown(finished, expected):
    workdir, metrics = finished
    maps, facts = artifacts.read_maps(workdir), artifacts.read_json(workdir, "explain/maps.json")
    assert (facts["method"], facts["grid"]) == ("detector", list(GRID))
    assert facts["unit"] == pytest.approx(max(own.max() for own in expected.values()))
    for name, own in expected.items():
        np.testing.assert_allclose(maps[name], own / facts["unit"], atol=1e-3)
    explained = metrics["explain"]
    assert (explained["method"], explained["deletion"], explained["sanity"]) == (
        "detector",
        None,
        None,
    )
    assert metrics["region"] is not None and 0 <= metrics["region"]["pixel_auc"] <= 1
    gallery = artifacts.read_gallery(workdir)
    assert gallery["maps"] == facts["what"] and gallery["pictures"]["most_abnormal"]
    cells = np.concatenate([own.ravel() for own in maps.values()]).astype(np.float32)
    assert gallery["shade"] == np.quantile(cells, gallery["quantiles"]).tolist()
    assert facts["what"] in (workdir / "report.html").read_text()


def test_the_table_of_scores_has_a_column_for_each_part(finished):
    with (finished[0] / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    by_id = {video.id: video for video in artifacts.read_scores(finished[0]).test}
    for row in rows:
        parts = by_id[row["video"]].parts
        for name in ("largest", "mean"):
            assert np.float32(row[f"part_{name}"]) == parts[name][int(row["frame"])]


def test_detect_and_streams_give_the_same(finished, cache, tmp_path):
    workdir, _ = finished
    video = data.load(tiny(cache).dataset, cache_dir=cache).test[0]
    (tmp_path / "clip").mkdir()
    for index, frame in enumerate(video.frames):
        cv2.imwrite(str(tmp_path / "clip" / f"{index:03d}.png"), frame[..., ::-1])
    [known] = [one for one in artifacts.read_scores(workdir).test if one.id == video.id]
    out = tmp_path / "out"
    [scored] = predict.detect(workdir, [str(tmp_path / "clip")], out=out, fps=10.0, quiet=True)
    detector = TrainedDetector.load(workdir)
    for one in (scored, detector.score(tmp_path / "clip")):
        np.testing.assert_allclose(one.maps, known.maps, rtol=1e-6)
        for name in ("largest", "mean"):
            np.testing.assert_allclose(one.parts[name], known.parts[name], rtol=1e-6)
    assert not list(out.glob(".maps-*"))
    with (out / "scores.csv").open() as file:
        assert "part_mean" in next(csv.reader(file))
    stream = detector.stream()
    results = [result for frame in video.frames for result in stream.update(frame)]
    np.testing.assert_allclose([one.map for one in results], known.maps, rtol=1e-6)
    np.testing.assert_allclose(
        [one.parts["mean"] for one in results], known.parts["mean"], rtol=1e-6
    )


def test_of_several_folds_everything_is_averaged(cache, tmp_path):
    config = tiny(cache, dataset__protocol="by_video", dataset__num_folds=2, explain__videos=False)
    stages.run(configs.validate(config), tmp_path, quiet=True)
    tops = [artifacts.read_state(tmp_path, fold)["top"] for fold in range(2)]
    assert tops[0] != tops[1]
    detector = TrainedDetector.load(tmp_path)
    [video] = [
        one for one in detector.run.dataset.test if one.id == detector.run.dataset.test[0].id
    ]
    frames = [*video.frames]
    plain = np.stack([change(*pair) for pair in zip([frames[0], *frames], frames, strict=False)])
    wanted = np.mean([plain / top for top in tops], axis=0)
    [scored] = detector.score_videos([video])
    stream = detector.stream()
    results = [result for frame in frames for result in stream.update(frame)]
    for maps, parts, scores in (
        (scored.maps, scored.parts["mean"], scored.scores),
        (
            [one.map for one in results],
            [one.parts["mean"] for one in results],
            [one.score for one in results],
        ),
    ):
        np.testing.assert_allclose(maps, wanted, rtol=1e-5)
        np.testing.assert_allclose(parts, wanted.mean((1, 2)), rtol=1e-5)
        np.testing.assert_allclose(scores, wanted.max((1, 2)), rtol=1e-5)


def test_a_sweep_takes_it(cache, tmp_path):
    base = tiny(cache, evaluate__cross_fit=0)
    specs = plan.read_sweep(lambda add: [add(seed=seed) for seed in (0, 1)], base)
    folders, errors = folder.run_sweep(specs, tmp_path, console=stages.Console(quiet=True))
    assert not errors and len(folders) == 2
    for each in folders:
        assert json.loads((each / "metrics.json").read_text())["frame"]["auc_micro"] is not None
        assert all(video.maps is not None for video in artifacts.read_scores(each).test)
