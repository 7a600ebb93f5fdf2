"""What is printed, and the csv files."""

import csv

import numpy as np
import pytest
from rich.console import Console

from tests.report import demo
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.report import tables


def printed(renderable) -> str:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(renderable)
    return console.export_text()


def test_the_summary_ranks_the_detector_among_its_baselines():
    metrics = demo.metrics(demo.videos(num_pictures=0))
    lines = printed(tables.summary(metrics)).splitlines()
    assert lines[0].startswith("UCSD Ped2 · 12 videos · one class")
    order = [" ".join(line.split()) for line in lines]
    flow = next(n for n, line in enumerate(order) if line.startswith("Optical flow"))
    assert order[flow].endswith("▲ beats the detector")
    assert order[flow + 1].startswith(f"this detector {metrics['frame']['auc_micro']:.3f} 95 %")
    assert "Mahalanobis distance – needs at least two normal clips" in order
    assert "leakage audit – clean" in order


def test_the_summary_gives_reasons_and_stamps():
    metrics = demo.of_one_class()["metrics"]
    metrics |= {"protocol": "published_shuffled", "warnings": ["random [red]weights"]}
    text = printed(tables.summary(metrics))
    assert "no frame AUC: the labels hold one class only: every frame is abnormal" in text
    assert "LEAKY PROTOCOL." in text
    assert "random [red]weights" in text  # a name is no markup
    assert printed(tables.summary({}))


def test_alarms_are_printed_with_times():
    text = printed(tables.alarms(demo.unlabelled()["videos"]))
    assert text.count("camera-") == 7
    assert "0:02.2" in text
    quiet = ScoredVideo("[b]quiet", np.zeros(3, np.float32))
    assert "[b]quiet" in printed(tables.alarms([quiet]))
    assert "no alarm" in printed(tables.alarms([quiet]))


def read(path) -> list[dict]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_scores_come_back_bit_by_bit(tmp_path):
    rng = np.random.default_rng(2)
    odd = rng.normal(size=50).astype(np.float32) * 10.0 ** rng.integers(-20, 20, 50)
    views = [
        ScoredVideo('a, "b"\n', odd.astype(np.float32), alarms=((3, 5),)),
        ScoredVideo("ä", np.array([1.5], np.float32), predicted=np.array([False]), fps=25.0),
    ]
    tables.write_scores(tmp_path / "scores.csv", views)
    rows = read(tmp_path / "scores.csv")
    assert tuple(rows[0]) == tables.SCORE_COLUMNS
    again = np.array([np.float32(r["score"]) for r in rows if r["video"] == views[0].id])
    np.testing.assert_array_equal(again, views[0].scores)
    assert [r["frame"] for r in rows[:50] if r["alarm"] == "1"] == ["3", "4"]
    assert rows[0]["time_s"] == ""
    assert rows[50] == dict(
        zip(tables.SCORE_COLUMNS, ("ä", "0", "0.000", "1.5", "0", "0"), strict=True)
    )


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"scores\.csv cannot be written"):
        tables.write_scores(tmp_path / "file" / "scores.csv", [])
