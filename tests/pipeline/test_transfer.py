"""The matrix of detectors and test sets: every cell against the run itself and by hand."""

import base64
import importlib
import json
import re
import sys
from urllib.parse import unquote

import numpy as np
import pytest

from tests.pipeline.test_robustness import tiny
from vadjax import api
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation.abroad import figures
from vadjax.pipeline import stages
from vadjax.pipeline.shared_footage import copies_of
from vadjax.pipeline.trained import TrainedDetector, stored
from vadjax.pipeline.transfer import NAME, PAGE, Home, hold_out, transfer
from vadjax.report import transfer_page


def test_the_figures_of_a_cell_are_counted_by_hand():
    labels = np.zeros(100, np.uint8)
    labels[10:20] = labels[60:70] = 1
    scores = np.zeros(100, np.float32)
    scores[10:20] = 2  # found
    scores[60:63] = 2  # touched alone: 3 of 10 frames
    scores[80:84] = 2  # false
    alarms = ((10, 20), (60, 63), (80, 84))
    one = ScoredVideo("a", scores, labels=labels, fps=1.0, threshold=1.0, alarms=alarms)
    found = figures([one])
    assert (found["events"], found["found"], found["false_alarms"]) == (2, 1, 1)
    assert found["normal_called"] == 4 / 80 and found["abnormal_called"] == 13 / 20
    assert found["normal_hours"] == pytest.approx(80 / 3600)
    assert found["false_alarms_per_hour"] is None  # of less than an hour no rate is given
    pairs = (scores[labels == 1][:, None] > scores[labels == 0]).mean()
    ties = (scores[labels == 1][:, None] == scores[labels == 0]).mean()
    assert found["auc"] == pytest.approx(pairs + ties / 2)
    assert found["auc_within"] == pytest.approx(found["auc"])  # one clip


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Two synthetic cameras; only the first is trained."""
    cache, folder = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("homes")
    configs = [tiny(cache), tiny(cache)]
    configs[1].dataset.seed = 1
    made = [Home(f"camera {n}", folder / str(n), config) for n, config in enumerate(configs)]
    stages.run(configs[0], made[0].workdir, quiet=True)
    return [Home("camera 0", made[0].workdir), made[1]]


def test_each_detector_is_tested_on_each_test_set(homes, tmp_path):
    result = transfer(homes, tmp_path, quiet=True)
    assert result == json.loads((tmp_path / NAME).read_text())
    for n, home in enumerate(homes):
        metrics = json.loads((home.workdir / "metrics.json").read_text())
        cell = result["cells"][n][n]
        assert cell["auc"] == pytest.approx(metrics["frame"]["auc_micro"])
        assert cell["false_alarms"] == metrics["threshold"]["events"]["false_alarms"]
    detector, other = TrainedDetector(homes[0].workdir), TrainedDetector(homes[1].workdir)
    videos = [other.run.videos[s.video_id] for s in other.run.folds[0].test.segments]
    scored = detector.score_videos(videos)
    scores = np.concatenate([one.scores for one in scored])
    labels = np.concatenate([video.labels for video in videos])
    assert result["cells"][0][1]["normal_called"] == pytest.approx(
        (scores >= detector.threshold)[labels == 0].mean()
    )
    assert result["mean_abroad"] == pytest.approx(
        np.mean([result["cells"][0][1]["auc"], result["cells"][1][0]["auc"]])
    )
    assert result["copies"] == []
    text = (tmp_path / PAGE).read_text()
    links = re.findall(r'<a href="([^"#]+)">', text)
    assert [(tmp_path / unquote(link)).resolve() for link in links] == [
        (home.workdir / "report.html").resolve() for home in homes
    ]
    assert text.count('class="n home"') == 4 and "camera 1" in text


def test_what_two_homes_share_is_listed(homes, tmp_path):
    """The same camera under two names: its test clips are no training clips, its own ones are."""
    twin = Home("twin", homes[0].workdir)
    result = transfer([homes[0], twin], tmp_path, quiet=True)
    assert result["cells"][0][1]["auc"] == pytest.approx(result["cells"][0][0]["auc"], abs=1e-6)
    assert result["copies"] == []
    learnt = TrainedDetector(homes[0].workdir).run
    name = learnt.folds[0].train.segments[0].video_id
    detectors = {h: TrainedDetector(homes[0].workdir) for h in ("a", "<b>")}
    found = copies_of(detectors, {"a": [learnt.videos[name]], "<b>": []})
    assert {(c["video"], c["other"]) for c in found.listed} == {(f"a: {name}", f"<b>: {name}")}
    [shown] = found.pictures
    assert shown["jpegs"][0] == shown["jpegs"][1] and shown["frame"] == shown["other_frame"]
    page = transfer_page.write(
        tmp_path / "p.html", {**result, "copies": found.listed}, pictures=found.pictures
    ).read_text("utf-8")
    assert page.count(base64.b64encode(shown["jpegs"][0]).decode()) == 2
    assert f"<b>equal</b>: a: {name}, frames 0 to" in page and "and &lt;b&gt;: train" in page


def test_what_a_detector_refuses_is_said_in_its_cell(homes, tmp_path, monkeypatch):
    def refuse(self, videos, **_):
        raise UserError(f"{stored(videos[0]).id}: another camera")

    monkeypatch.setattr(TrainedDetector, "score_videos", refuse)
    result = transfer(homes, tmp_path, quiet=True)
    cell = result["cells"][0][1]
    first = TrainedDetector(homes[1].workdir).run.folds[0].test.segments[0].video_id
    assert cell["why"] == f"{first}: another camera" and cell["auc"] is None
    assert result["cells"][0][0]["why"] is None and result["mean_abroad"] is None


def test_one_home_or_two_of_a_name_are_refused(homes, tmp_path):
    with pytest.raises(UserError, match="at least two"):
        transfer(homes[:1], tmp_path)
    with pytest.raises(UserError, match="called camera 0"):
        transfer([homes[0], homes[0]], tmp_path)


def test_an_unseen_scene_is_tested_by_a_detector_of_the_others(homes, tmp_path):
    result = hold_out([homes[0], homes[1]], tmp_path, quiet=True)
    assert [len(row) for row in result["cells"]] == [1, 1]
    aucs = [row[0]["auc"] for row in result["cells"]]
    assert result["mean_abroad"] == pytest.approx(np.mean(aucs))
    assert "each unseen" in (tmp_path / PAGE).read_text()


def test_a_scene_is_needed_in_the_data_set():
    with pytest.raises(UserError, match="has one scene"):
        config = api.load_config("synthetic_lstm", dataset__unseen_scene="1")
        from vadjax import data

        data.load(config.dataset, cache_dir=config.features.cache_dir)


def test_the_command_makes_a_run_for_each_camera(tmp_path, monkeypatch, own_flags):
    """What the flags turn into; training is that of the tests above."""
    command = importlib.import_module("vadjax.transfer")
    monkeypatch.delitem(sys.modules, "vadjax.transfer")  # the next import defines its flags again
    seen = {}
    monkeypatch.setattr(command, "_by_scene", lambda *_, **__: [Home("01", tmp_path)] * 2)
    monkeypatch.setattr(
        "vadjax.pipeline.transfer.hold_out", lambda homes, out, **_: seen.update(homes=homes)
    )
    monkeypatch.setattr(command, "_SCENES", type("Flag", (), {"value": "unseen"}))
    for flag, value in (("_OUT", str(tmp_path)), ("_QUIET", True), ("_VERBOSE", False)):
        monkeypatch.setattr(command, flag, type("Flag", (), {"value": value}))
    monkeypatch.setattr("vadjax.cli.command", lambda: "")
    command.main(["vadjax transfer", "config"])
    assert [home.name for home in seen["homes"]] == ["01", "01"]
