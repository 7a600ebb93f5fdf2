"""Clips that are added to a finished run, on folders of drawn walkers; the old ones are gone."""

import json
import pathlib
import shutil

import cv2
import numpy as np
import pytest

from tests.detectors.scene.test_detector import walk
from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.pipeline import add, stages
from vadjax.pipeline.trained import TrainedDetector
from vadjax.storage import artifacts
from vadjax.storage.clips import read_clips

pytestmark = pytest.mark.slow


def write(folder, frames):
    folder.mkdir(parents=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index:03d}.png"), frame)
    return folder


def tiny(place, **changes):
    config = configs.default_config()
    config.dataset.name, config.dataset.data_dir = "folder", str(place / "data")
    f = config.features
    f.backbone, f.weights, f.cache_dir = "mobilenetv2_100", "random", str(place / "cache")
    config.detector.name, config.scene.tap = "scene", "stage2"
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 2
    config.explain.maps = config.explain.videos = False
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return configs.validate(config)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A finished run whose training clips were removed, and clips of walkers to the left."""
    place = tmp_path_factory.mktemp("camera")
    for number in range(6):
        frames = walk(1.6 + 0.1 * number, number=30, y=36 + number % 4)
        write(place / "data" / "train" / f"{number}", frames)
    write(place / "data" / "test" / "right", walk(1.9, number=20, y=37))
    write(place / "data" / "test" / "left", walk(-1.7, number=24, y=39))
    write(place / "more" / "left", walk(-1.8, number=30, y=40))
    write(place / "more" / "again", walk(-1.6, number=30, y=38))
    stages.run(tiny(place), place / "run", quiet=True)
    shutil.rmtree(place / "data" / "train")
    return place


@pytest.fixture
def run(place, tmp_path):
    """A copy of the finished run."""
    return pathlib.Path(shutil.copytree(place / "run", tmp_path / "run"))


def added(place, run, *paths, **more):
    return stages.run(tiny(place), run, add=[str(path) for path in paths], quiet=True, **more)


@pytest.fixture(scope="module")
def grown(place, tmp_path_factory):
    run = pathlib.Path(shutil.copytree(place / "run", tmp_path_factory.mktemp("grown") / "run"))
    return run, added(place, run, place / "more")


def scores_of(run):
    scored = artifacts.read_scores(run)
    return {video.id: video.scores for video in (*scored.test, *scored.calibration)}


def same_scores(run, other):
    first, second = scores_of(run), scores_of(other)
    assert first.keys() == second.keys()
    for name, scores in first.items():
        np.testing.assert_array_equal(scores, second[name])


def files_of(run):
    kept = ("run.log", ".lock", "timing.json")
    return {
        path.relative_to(run): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name not in kept and "clips" not in path.parts
    }


def test_what_is_normal_in_the_added_clips_alone_is_no_longer_abnormal(place, grown):
    run, _ = grown
    before, after = scores_of(place / "run"), scores_of(run)
    assert before["test/left"].max() > 2 * after["test/left"].max()
    assert after["test/right"].max() < after["test/left"].max() + 3
    assert (run / "report.html").is_file() and (run / "scores.csv").is_file()


def test_their_held_out_scores_join_those_of_the_threshold(place, grown):
    run, metrics = grown
    detector, scored = TrainedDetector.load(place / "run"), artifacts.read_scores(run)
    known = {video.id: video for video in artifacts.read_scores(place / "run").calibration}
    assert [v.id for v in scored.calibration] == [*known, "added/again", "added/left"]
    for video in scored.calibration[:-2]:
        np.testing.assert_array_equal(video.scores, known[video.id].scores)
    for video in scored.calibration[-2:]:
        name = video.id.removeprefix("added/")
        wanted = detector.score(place / "more" / name, fps=10.0)
        np.testing.assert_allclose(video.scores, wanted.scores, rtol=1e-5, atol=1e-6)
        assert video.fps == 10.0 and video.fps_assumed
    [clips] = metrics["threshold"]["calibration"]["clips"]
    assert {"added/again", "added/left"} <= {*clips} and len(clips) == 8


def test_the_record_says_which_clips_were_added(grown):
    run, metrics = grown
    data = json.loads((run / "data.json").read_text())
    assert [*data["added"]] == ["added/again", "added/left"] and "added/left" not in data["videos"]
    assert metrics["leakage"]["basis"] == "fits" and not metrics["leakage"]["statistic"]
    assert any("2 clips learnt after the training" in text for text in metrics["warnings"])
    state = artifacts.read_state(run, 0)
    assert ["added/again", 0, 30] in [list(each) for each in state["fitted_on"]["training"]]
    assert "added/left" in state["pictures"]["video"]


def test_a_later_command_keeps_them_and_makes_the_same(place, grown, tmp_path):
    run = shutil.copytree(grown[0], tmp_path / "run")
    stages.run(tiny(place), run, quiet=True)
    same_scores(run, grown[0])
    assert json.loads((run / "data.json").read_text())["added"]


def test_a_clip_that_is_known_is_not_added_again(place, grown, tmp_path):
    run = pathlib.Path(shutil.copytree(grown[0], tmp_path / "run"))
    twin = shutil.copytree(place / "more" / "left", tmp_path / "other name")
    before = files_of(run)
    added(place, run, twin, place / "more")
    assert {k: v for k, v in files_of(run).items() if k.name != "data.json"} == {
        k: v for k, v in before.items() if k.name != "data.json"
    }
    log = (run / "run.log").read_text()
    assert "other name is added/left, which the detector has learnt already" in log
    assert "nothing to add; the run stays as it is" in log


def test_a_second_clip_of_a_name_has_another_one(place, grown, tmp_path):
    run = shutil.copytree(grown[0], tmp_path / "run")
    added(place, run, write(tmp_path / "left", walk(-2.0, number=20, y=37)))
    assert [each["id"] for each in artifacts.read_state(run, 0)["added"]] == [
        "added/again",
        "added/left",
        "added/left (2)",
    ]


@pytest.mark.parametrize("moment", ["replace_state", "forget"])
def test_a_killed_command_leaves_a_whole_run(place, run, grown, monkeypatch, moment):
    """Before the new state is there the run is as it was; afterwards any command goes on."""

    def killed(*_, **__):
        raise KeyboardInterrupt

    before = files_of(run)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(add.artifacts, moment, killed)
        added(place, run, place / "more")
    if moment == "replace_state":
        assert files_of(run) == before
        TrainedDetector.load(run).score(place / "data/test/left")
        added(place, run, place / "more")
    else:
        stages.run(tiny(place), run, quiet=True)
    same_scores(run, grown[0])


def test_an_added_clip_that_shows_a_test_clip_is_found(place, run):
    metrics = added(place, run, place / "data/test/left")
    assert metrics["leakage"]["verdict"] == "leaky"
    [copy] = [c for c in metrics["leakage"]["copies"] if c["other"] == "added/left"]
    assert copy["video"] == "test/left" and copy["kind"] == "equal"
    assert any("test/left frames 0 to 23 are added/left" in text for text in metrics["warnings"])


def test_clips_of_another_camera_are_refused_and_nothing_changes(place, run, tmp_path):
    before = files_of(run)
    small = write(tmp_path / "small", [np.zeros((48, 64), np.uint8)] * 20)
    with pytest.raises(UserError, match=r"added/small.*64x48.*128x96"):
        added(place, run, small)
    other = [np.roll(frame[::-1], 40, axis=1) for frame in walk(1.9)]
    with pytest.raises(UserError, match=r"added/moved.*another scene.*\n.*nothing is added"):
        added(place, run, write(tmp_path / "moved", other))
    assert files_of(run) == before


def test_a_run_that_cannot_take_clips_says_so(place, run, tmp_path):
    more = [str(place / "more")]
    with pytest.raises(UserError, match=r"detector flow_box cannot learn further clips .*; scene"):
        stages.run(tiny(place, detector__name="flow_box"), run, add=more, quiet=True)
    with pytest.raises(UserError, match="leave --stage out"):
        stages.run(tiny(place), run, add=more, stage="score", quiet=True)
    with pytest.raises(UserError, match="no trained detector to add clips to"):
        stages.run(tiny(place), tmp_path / "none", add=more, quiet=True)
    assert not (tmp_path / "none").exists()
    assert len(read_clips(run).train) == 6
    shutil.rmtree(run / "detector" / "clips")
    with pytest.raises(UserError, match=r"older vadjax.*train anew"):
        stages.run(tiny(place), run, add=more, quiet=True)


def test_rows_that_are_gone_with_the_clips_are_missed_by_name(place, run):
    config = tiny(place)
    config.features.cache_dir = str(run.parent / "empty cache")
    with pytest.raises(UserError, match=r"train/. is no longer there.*cache"):
        stages.run(config, run, add=[str(place / "more")], quiet=True)
