"""Changed labels and masks are noticed: refused where they were trained on, else used from then."""

import json

import cv2
import numpy as np
import pytest

from tests.data import layouts
from tests.data.builders import test_ucsd
from tests.pipeline.test_audit import config_of, walk, write
from vadjax.errors import UserError
from vadjax.pipeline import record, score, stages, truth
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage import artifacts

official, small_ped2 = test_ucsd.official, test_ucsd.small_ped2


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    write(folder, {f"{s}/{n}": walk(n, 30) for n, s in enumerate(["train"] * 3 + ["test"] * 2)})
    return folder


def label(folder, *rows):
    (folder / "labels.csv").write_text("\n".join(["video,start,stop", *rows]) + "\n")


def run(config, workdir, stage="all"):
    return stages.run(config, workdir, stage=stage)


def files(workdir):
    return {p.name: p.read_bytes() for p in workdir.iterdir() if p.suffix in (".json", ".npz")}


def test_labels_that_changed_are_said_and_used_from_the_scores_on(videos, cache, tmp_path, capsys):
    config, workdir = config_of(videos, cache, False), tmp_path / "run"
    label(videos, "test/3,5,10", "test/4,0,8")
    assert run(config, workdir)["accounting"]["abnormal"] == 13
    capsys.readouterr()
    label(videos, "test/3,5,10", "test/4,0,20")
    before = files(workdir)
    for stage in ("evaluate", "report"):
        with pytest.raises(UserError, match=r"labels of 1 clips changed .*test/4. Run --stage=sc"):
            run(config, workdir, stage)
    assert files(workdir) == before
    assert run(config, workdir)["accounting"]["abnormal"] == 25
    said = " ".join(capsys.readouterr().out.split())
    assert "note: the labels of 1 clips changed since the stage score: test/4; it is done" in said
    run(config, workdir)
    assert "changed since" not in capsys.readouterr().out


def test_labels_that_are_given_later_are_used(videos, cache, tmp_path):
    config, workdir = config_of(videos, cache, False), tmp_path / "run"
    assert run(config, workdir)["frame"]["auc_micro"] is None
    label(videos, "test/3,5,10")
    with pytest.raises(UserError, match="labels of 2 clips changed"):
        run(config, workdir, "evaluate")
    run(config, workdir, "score")
    assert run(config, workdir, "evaluate")["accounting"]["abnormal"] == 5


def test_scores_of_other_labels_do_not_outlive_a_stage_that_ends_early(
    videos, cache, tmp_path, monkeypatch
):
    config, workdir = config_of(videos, cache, False), tmp_path / "run"
    label(videos, "test/3,5,10")
    run(config, workdir)
    label(videos, "test/3,5,11")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(stages.STAGES, "score", killed)
    with pytest.raises(KeyboardInterrupt):
        run(config, workdir)
    monkeypatch.setitem(stages.STAGES, "score", score.score)
    with pytest.raises(UserError, match="--stage=score"):
        run(config, workdir, "evaluate")
    run(config, workdir, "score")
    assert run(config, workdir, "evaluate")["accounting"]["abnormal"] == 6


def test_labels_of_training_clips_are_refused(videos, cache, tmp_path):
    config, workdir = config_of(videos, cache, False), tmp_path / "run"
    label(videos, "test/3,5,10")
    run(config, workdir)
    before = files(workdir)
    label(videos, "test/3,5,10", "train/1,3,9")
    with pytest.raises(UserError, match=r"trained with other labels: those of 1 .*\(train/1\)"):
        run(config, workdir)
    assert files(workdir) == before
    label(videos, "test/3,5,10")
    run(config, workdir)


def test_a_run_of_before_labels_were_recorded_goes_on(videos, cache, tmp_path):
    config, workdir = config_of(videos, cache, False), tmp_path / "run"
    label(videos, "test/3,5,10")
    run(config, workdir)
    data = json.loads((workdir / "data.json").read_text())
    labels, masks = data.pop("labels"), data.pop("masks")
    assert set(labels) == set(masks) == set(data["videos"]) and set(masks.values()) == {""}
    (workdir / "data.json").write_text(json.dumps(data))
    run(config, workdir, "evaluate")
    assert json.loads((workdir / "data.json").read_text())["labels"] == labels


def test_masks_that_changed_are_explained_again(official, tmp_path, capsys, monkeypatch):
    config = config_of(official, tmp_path / "cache", False, name="ucsd_ped2")
    opened = Run(config, tmp_path / "run", Console())
    opened.workdir.mkdir()
    record.claim(opened)
    monkeypatch.setattr(artifacts, "is_done", lambda _, stage: stage == "explain")
    truth.check(opened, ["report"])
    path = official / "UCSDped2" / "Test" / "Test001_gt" / "002.bmp"
    mask = np.zeros((layouts.HEIGHT, layouts.WIDTH), np.uint8)
    mask[1, 1] = 255
    assert cv2.imwrite(str(path), mask)
    changed = Run(config, opened.workdir, Console())
    with pytest.raises(UserError, match=r"masks of 1 clips changed .*test/01. Run --stage=expl"):
        truth.check(changed, ["report"])
    truth.check(changed, ["explain", "report"])
    assert "the masks of 1 clips changed" in capsys.readouterr().out
    truth.before_stage(changed, "explain")
    truth.check(changed, ["report"])
