"""What a run on unlabelled videos says and leaves: last line, run.log, scores.csv, alarms.csv."""

import csv
import re

import numpy as np
import pytest

import vadjax
from tests.data import layouts
from vadjax import cli
from vadjax.pipeline import predict, stages
from vadjax.storage import artifacts

SMALL = {
    "features__backbone": "pixels",
    "features__height": 16,
    "features__width": 16,
    "window__length": 4,
    "model__units": (4,),
    "train__epochs": 2,
    "evaluate__quantile": 0.5,  # so that there are alarms
    "explain__maps": False,
    "explain__videos": False,
}
LAST = re.compile(r"\d+ alarms?, the strongest at \d:\d\d in (test/)?\w+")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """The output of a first and a second run of one command, their workdir and its config."""
    root = tmp_path_factory.mktemp("progress")
    for side, names in (("train", "abcd"), ("test", ("monday", "thursday"))):
        for name in names:
            layouts.write_video(root / "videos" / side / f"{name}.avi", 40)
    places = {"dataset__data_dir": str(root / "videos"), "features__cache_dir": str(root / "cache")}
    config = vadjax.load_config("folder_lstm", **places, **SMALL)
    first, second = [], []
    for lines in (first, second):
        with pytest.MonkeyPatch.context() as patch:
            keep = lambda console, text, lines=lines: lines.append(text)  # noqa: E731
            patch.setattr("vadjax.runtime.console.Console._line", keep)
            stages.run(config, root / "run", command="vadjax train x", verbose=True)
    texts = [
        [line for line in lines if not re.search("so far$| left,", line)]
        for lines in (first, second)
    ]
    return texts, root / "run", root / "videos"


def test_the_last_line_says_what_was_found(spoken):
    (first, second), _, _ = spoken
    assert LAST.fullmatch(first[-1]) and second[-1] == first[-1]


def test_a_finished_training_is_not_announced_again(spoken):
    (first, second), _, _ = spoken
    assert any("training on" in line for line in first)
    assert any(re.match(r"  compiling an epoch: ", line) for line in first)
    assert any(line.startswith("  epoch 2: loss ") for line in first)
    [line] = [line for line in second if "already trained" in line]
    assert "all 2 epochs done; best epoch" in line and "windows/s" not in line
    assert not any("compiling" in line or "training on" in line for line in second)


def test_the_log_file_has_both_runs(spoken):
    texts, workdir, _ = spoken
    log = (workdir / "run.log").read_text()
    assert log.count("started as: vadjax train x") == log.count("  ended\n") == 2
    said = [line.partition("  ")[2] for line in log.splitlines()]
    for line in (*texts[0], *texts[1]):
        assert line.rstrip() in said


def test_the_tables_are_the_scores(spoken):
    _, workdir, _ = spoken
    scored = {video.id: video for video in artifacts.read_scores(workdir).test}
    with (workdir / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["video"] for row in rows] == [name for name in scored for _ in range(40)]
    for name, video in scored.items():
        own = [row for row in rows if row["video"] == name]
        np.testing.assert_array_equal(np.float32([row["score"] for row in own]), video.scores)
        assert [int(row["frame"]) for row in own] == [*range(40)]
    with (workdir / "alarms.csv").open(newline="") as file:
        alarms = list(csv.DictReader(file))
    inside = sum(int(row["alarm"]) for row in rows)
    assert alarms and inside == sum(int(row["stop"]) - int(row["start"]) for row in alarms)


def test_detect_says_the_same_and_logs_beside_its_results(spoken, tmp_path, capsys):
    _, workdir, videos = spoken
    predict.detect(workdir, [str(videos / "test")], out=tmp_path, command="vadjax detect")
    lines = capsys.readouterr().out.rstrip().splitlines()
    assert LAST.fullmatch(lines[-1]) and lines[-2].startswith("report: ")
    log = (tmp_path / "run.log").read_text()
    assert "started as: vadjax detect" in log and lines[-1] in log
    predict.detect(workdir, [str(videos / "test")], out=tmp_path, quiet=True)
    assert not capsys.readouterr().out


def test_both_flags_are_those_of_the_module(own_flags):
    quiet, verbose = cli.define_output_flags("tests.pipeline.nobody")
    assert (quiet.default, verbose.default) == (False, False)
