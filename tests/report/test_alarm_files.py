"""alarms.csv, alarms.jsonl and the pictures of alarms."""

import csv
import json

import numpy as np
import pytest

from tests.report import demo
from vadjax.data.scored_video import Finding, Normal, ScoredVideo
from vadjax.errors import UserError
from vadjax.report import alarm_files

KEYS = [
    *("video", "start", "stop", "start_s", "stop_s", "peak_frame", "peak_s", "peak_score"),
    *("threshold", "cue", "finding", "value", "usual", "unit", "box", "picture", "normal"),
]
NORMAL = Normal("train/07", 123, 12.3, b"normal jpeg")
FOUND = Finding(4, "speed", "fast; 3.4, not 1.2", (1, 2, 3, 4), 3.4, 1.2, "s", b"jpeg", NORMAL)


def table(folder):
    with (folder / "alarms.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lines(folder):
    text = (folder / "alarms.jsonl").read_text(encoding="ascii")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def view(name="test/a", **changes):
    facts = {"fps": 10.0, "threshold": 2.5, "alarms": ((3, 6),), "findings": (FOUND,), **changes}
    return ScoredVideo(name, np.array([0, 0, 0, 3, 7, 3, 0], np.float32), **facts)


def test_alarms_come_back(tmp_path):
    views = demo.unlabelled()["videos"]
    alarm_files.write_alarms(tmp_path, views)
    rows, objects = table(tmp_path), lines(tmp_path)
    assert tuple(rows[0]) == alarm_files.COLUMNS
    expected = [(v, a) for v in views for a in v.alarms]
    assert len(rows) == len(objects) == len(expected) > 0
    for row, one, (own, (start, stop)) in zip(rows, objects, expected, strict=True):
        assert (row["video"], int(row["start"]), int(row["stop"])) == (own.id, start, stop)
        assert float(row["start_s"]) == pytest.approx(start / 10)
        assert np.float32(row["peak_score"]) == own.scores[start:stop].max()
        assert own.scores[int(row["peak_frame"])] == np.float32(row["peak_score"])
        assert list(one) == KEYS
        assert (one["video"], one["start"], one["stop"]) == (own.id, start, stop)
        assert one["stop_s"] == pytest.approx(stop / 10)
        assert one["peak_s"] == pytest.approx(one["peak_frame"] / 10)
        assert np.float32(one["peak_score"]) == own.scores[one["peak_frame"]]
        assert one["threshold"] == own.threshold
        assert all(one[key] is None for key in KEYS[9:])  # nothing is said of them


def test_what_a_detector_says_stands_in_both_and_pictures_beside_them(tmp_path):
    alarm_files.write_alarms(tmp_path, [view()])
    [row], [one] = table(tmp_path), lines(tmp_path)
    assert tuple(row) == (*alarm_files.COLUMNS, *alarm_files.FINDING_COLUMNS)
    assert (row["cue"], row["finding"]) == ("speed", FOUND.text)
    assert [row[key] for key in ("left", "top", "width", "height")] == ["1", "2", "3", "4"]
    assert (row["value"], row["usual"], row["unit"]) == ("3.400", "1.200", "s")
    assert (row["normal_video"], row["normal_frame"]) == ("train/07", "123")
    assert (one["cue"], one["finding"], one["box"]) == ("speed", FOUND.text, [1, 2, 3, 4])
    assert (one["value"], one["usual"], one["unit"]) == (3.4, 1.2, "s")
    assert {k: one["normal"][k] for k in ("video", "frame", "time_s")} == {
        **{"video": "train/07", "frame": 123},
        "time_s": 12.3,
    }
    assert (tmp_path / one["picture"]).read_bytes() == b"jpeg"
    assert (tmp_path / one["normal"]["picture"]).read_bytes() == b"normal jpeg"


def test_alarms_without_rate_or_picture(tmp_path):
    bare = Finding(4, "speed", "fast")
    alarm_files.write_alarms(tmp_path, [view(fps=None, threshold=None, findings=(bare,))])
    [row], [one] = table(tmp_path), lines(tmp_path)
    for key in ("start_s", "stop_s", "value", "unit", "left", "normal_video"):
        assert row[key] == ""
    for key in ("start_s", "peak_s", "threshold", "value", "unit", "box", "picture", "normal"):
        assert one[key] is None
    assert not (tmp_path / alarm_files.FOLDER).exists()


@pytest.mark.parametrize(
    "name",
    ['a"b\n{"x": 1}', "a\u2028b\x85c\x00", "bytes \udcff\udc80", "=1+1, ä 漢", "\\", "../../up"],
)
def test_no_name_of_a_file_breaks_a_line_or_leaves_the_folder(tmp_path, name):
    out = tmp_path / "out"
    alarm_files.write_alarms(out, [view(name), view("last")])
    first, last = lines(out)
    assert first["video"] == name.encode("utf-8", "backslashreplace").decode()
    assert last["video"] == "last" and len((out / "alarms.jsonl").read_bytes().split(b"\n")) == 3
    first["video"].encode("utf-8")  # no half of a character, which other readers refuse
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert (out / first["picture"]).is_file() and len(table(out)) == 2


def test_pictures_of_an_earlier_time_go_and_those_of_others_stay(tmp_path):
    alarm_files.write_alarms(tmp_path, [view("test/old")])
    folder = tmp_path / alarm_files.FOLDER
    (folder / "holiday.jpg").write_bytes(b"mine")
    alarm_files.write_alarms(tmp_path, [view("test/new")])
    left = sorted(path.name for path in folder.iterdir())
    assert len(left) == 3 and "holiday.jpg" in left
    assert sum(name.startswith("test-new") for name in left) == 2


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"alarms\.csv cannot be written"):
        alarm_files.write_alarms(tmp_path / "file", [])
