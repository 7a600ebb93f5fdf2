"""The detector of a fixed camera through the commands, on a small drawn set."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax import data
from vadjax.data.splits.units import Segment
from vadjax.errors import UserError
from vadjax.explain.crops import SIDE
from vadjax.features.scene.learn import learn_reference
from vadjax.pipeline import predict, stages
from vadjax.pipeline.trained import TrainedDetector
from vadjax.storage import artifacts

pytestmark = pytest.mark.slow
CUES = ["speed", "look", "course", "still"]


def tiny(cache):
    config = configs.default_config()
    d, f = config.dataset, config.features
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 6, 2, 40, 96, 128
    f.backbone, f.weights, f.cache_dir = "mobilenetv2_100", "random", str(cache)
    config.detector.name, config.scene.tap = "scene", "stage2"
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 2
    return configs.validate(config)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def finished(cache, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    return workdir, stages.run(tiny(cache), workdir, quiet=True)


@pytest.fixture(scope="module")
def detector(finished):
    return TrainedDetector.load(finished[0])


@pytest.fixture(scope="module")
def test_clip(cache):
    return data.load(tiny(cache).dataset, cache_dir=cache).test[0]


def write(folder, frames):
    folder.mkdir()
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:03d}.png"), frame[..., ::-1])


def test_figures_maps_and_table(finished, cache):
    workdir, metrics = finished
    assert metrics["detector"]["cues"] == CUES and metrics["leakage"]["verdict"] == "clean"
    assert metrics["frame"]["auc_micro"] is not None and metrics["region"] is not None
    scored = artifacts.read_scores(workdir)
    for video in scored.test:
        np.testing.assert_allclose(video.maps.max((1, 2)), video.scores, rtol=1e-5)
        assert video.predicted.tolist() == [False] + [True] * (len(video.scores) - 1)
    by_id = {video.id: video for video in scored.test}
    with (workdir / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(video.scores) for video in scored.test)
    for row in rows:
        own = by_id[row["video"]]
        for cue in CUES:
            assert np.float32(row[f"part_{cue}"]) == own.parts[cue][int(row["frame"])]
    assert (workdir / "report.html").is_file()
    assert (workdir / "figures/normal.png").is_file()


def test_the_state_has_read_training_clips_alone(finished, cache):
    workdir, _ = finished
    state = artifacts.read_state(workdir, 0)
    train = {
        video.id: len(video.frames)
        for video in data.load(tiny(cache).dataset, cache_dir=cache).train
    }
    read = [tuple(each) for each in state["fitted_on"]["training"]]
    assert read and {name for name, _, _ in read} <= set(train)
    assert all(start == 0 and stop == train[name] for name, start, stop in read)


def test_detect_score_and_stream_give_the_scores_of_the_run(
    finished, detector, test_clip, tmp_path
):
    workdir, _ = finished
    [known] = [one for one in artifacts.read_scores(workdir).test if one.id == test_clip.id]
    write(tmp_path / "clip", test_clip.frames)
    out = tmp_path / "out"
    [found] = predict.detect(workdir, [str(tmp_path / "clip")], out=out, fps=10.0, quiet=True)
    np.testing.assert_allclose(found.scores, known.scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.maps, known.maps, rtol=1e-5, atol=1e-6)
    with (out / "scores.csv").open() as file:
        assert {f"part_{cue}" for cue in CUES} <= set(next(csv.reader(file)))
    assert (out / "report.html").is_file() and (out / "alarms.csv").is_file()
    stream = detector.stream(fps=10.0)
    results = [one for frame in test_clip.frames for one in stream.update(frame)]
    scores = [one.score for one in results[1:]]
    np.testing.assert_allclose(scores, known.scores[1:], rtol=1e-5, atol=1e-6)


def test_alarms_have_pictures_of_what_they_are_about_and_of_what_is_normal(
    finished, test_clip, tmp_path
):
    """Where the detector is all that there is: the pictures come with it."""
    write(tmp_path / "clip", test_clip.frames)
    out = tmp_path / "out"
    predict.detect(
        finished[0], [str(tmp_path / "clip")], out=out, fps=10.0, threshold=0.5, quiet=True
    )
    lines = [json.loads(line) for line in (out / "alarms.jsonl").read_text().splitlines()]
    assert lines
    for line in lines:
        assert line["cue"] in CUES and line["finding"] and line["unit"]
        assert cv2.imread(str(out / line["picture"])).shape[:2] == (SIDE, SIDE)
        if line["normal"] is not None:
            assert line["normal"]["video"].startswith("train/")
            assert cv2.imread(str(out / line["normal"]["picture"])).shape[:2] == (SIDE, SIDE)
    assert any(line["normal"] for line in lines)
    assert "What is normal here" in (out / "report.html").read_text("utf-8")


def test_another_frame_rate_gives_other_scores_and_none_gives_that_of_training(
    detector, test_clip, tmp_path
):
    write(tmp_path / "clip", test_clip.frames)
    unknown, usual, fast = (
        detector.score(tmp_path / "clip", fps=fps) for fps in (None, 10.0, 40.0)
    )
    np.testing.assert_array_equal(unknown.scores, usual.scores)
    assert np.abs(fast.scores - usual.scores).max() > 0.1
    streams = {fps: detector.stream(fps=fps) for fps in (None, 40.0)}
    for fps, one in ((None, unknown), (40.0, fast)):
        results = [each for frame in test_clip.frames for each in streams[fps].update(frame)]
        scores = [each.score for each in results[1:]]
        np.testing.assert_allclose(scores, one.scores[1:], rtol=1e-5, atol=1e-6)


def test_a_video_of_another_size_is_refused_by_name(finished, tmp_path):
    write(tmp_path / "odd", [np.zeros((48, 64, 3), np.uint8)] * 4)
    with pytest.raises(UserError, match=r"^odd: a frame of 64x48.*128x96"):
        predict.detect(finished[0], [str(tmp_path / "odd")], out=tmp_path / "out", quiet=True)


def test_training_clips_of_two_cameras_are_refused_by_name(tmp_path):
    for name, shape in (("a", (96, 128)), ("b", (48, 64))):
        write(tmp_path / name, [np.full((*shape, 3), 90, np.uint8)] * 30)
    videos = {name: data.open_video(tmp_path / name) for name in ("a", "b")}
    segments = [Segment(name, 0, 30) for name in videos]
    with pytest.raises(UserError, match=r"a \(128x96\).*b \(64x48\).*one fixed camera"):
        learn_reference(videos, segments, folder=tmp_path / "cache")


def test_rules_hold_for_scores_thresholds_alarms_and_the_stream(
    finished, cache, test_clip, tmp_path
):
    """The left half is ignored: in scores, maps, held-out clips, findings, detect and streams."""
    config = tiny(cache)
    config.score.rules = "ignore x < 0.5; at least 2 frames"
    config.evaluate.threshold, config.evaluate.threshold_value = "fixed", 0.5
    shutil.copytree(finished[0], tmp_path / "run")
    metrics = stages.run(configs.validate(config), tmp_path / "run", stage="score", quiet=True)
    for stage in ("evaluate", "report"):
        metrics = stages.run(config, tmp_path / "run", stage=stage, quiet=True)
    assert any("rules change the scores" in text for text in metrics["warnings"])
    before, now = (artifacts.read_scores(folder) for folder in (finished[0], tmp_path / "run"))
    for old, new in zip(before.test, now.test, strict=True):
        columns = (np.arange(old.maps.shape[2]) + 0.5) / old.maps.shape[2] >= 0.5
        right = old.maps[..., columns].max((1, 2))
        wanted = np.minimum(right, np.r_[right[:1], right[:-1]])
        np.testing.assert_allclose(new.scores[2:], wanted[2:], rtol=1e-5)
    assert any(
        (old.scores != new.scores).any()
        for old, new in zip(before.calibration, now.calibration, strict=True)
    )
    with (tmp_path / "run/alarms.csv").open() as file:
        alarms = list(csv.DictReader(file))
    assert alarms
    for row in alarms:
        assert float(row["left"]) + float(row["width"]) > test_clip.frames.shape[1] / 2 - 8
    detector = TrainedDetector.load(tmp_path / "run")
    write(tmp_path / "clip", test_clip.frames)
    [known] = [one for one in now.test if one.id == test_clip.id]
    found = detector.score(tmp_path / "clip", fps=10.0)
    np.testing.assert_allclose(found.scores, known.scores, rtol=1e-5, atol=1e-6)
    stream = detector.stream(fps=10.0)
    results = [one for frame in test_clip.frames for one in stream.update(frame)]
    scores = [one.score for one in results[1:]]
    np.testing.assert_allclose(scores, known.scores[1:], rtol=1e-5, atol=1e-6)
