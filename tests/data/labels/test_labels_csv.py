import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.labels import labels_csv
from vadjax.errors import UserError

CLIPS = {"test/door": (20, 10.0), "test/hall/2": (20, None), "train/door": (30, 10.0)}


def read_csv(tmp_path, text, clips=CLIPS):
    (tmp_path / "labels.csv").write_text(text)
    found = labels_csv.read_csv(tmp_path / "labels.csv", clips)
    return {name: own.labels for name, own in found.items()}


def test_csv_in_frames(tmp_path):
    text = "\ufeffVideo, start, stop, note\ntest/door.mp4,2,5,bike\ntest/door,18,20\n2,0,1\n\n"
    found = read_csv(tmp_path, text + "hall/2,,\n")
    assert {k: np.flatnonzero(v).tolist() for k, v in found.items()} == {
        "test/door": [2, 3, 4, 18, 19],
        "test/hall/2": [0],
        "train/door": [],
    }
    assert {k: len(v) for k, v in found.items()} == {k: n for k, (n, _) in CLIPS.items()}


@settings(max_examples=50, deadline=None)
@given(
    fps=st.sampled_from([10.0, 25.0, 29.97, 30.0]),
    times=st.tuples(st.integers(0, 1900), st.integers(1, 100)),
)
def test_csv_in_seconds_marks_frames_whose_time_is_inside(tmp_path_factory, fps, times):
    start, stop = times[0] / 1000, (times[0] + times[1] + 150) / 1000
    num_frames = 90
    text = f"video,start_s,stop_s\na,{start},{stop}\n"
    found = read_csv(tmp_path_factory.mktemp("csv"), text, {"test/a": (num_frames, fps)})
    wanted = [start - 1e-5 <= i / fps < stop - 1e-5 for i in range(num_frames)]
    np.testing.assert_array_equal(found["test/a"], wanted)


def test_csv_in_seconds_may_end_a_second_late(tmp_path):
    found = read_csv(tmp_path, "video,start_s,stop_s\ntest/door,1.5,2.9\n")
    assert np.flatnonzero(found["test/door"]).tolist() == [15, 16, 17, 18, 19]
    with pytest.raises(UserError, match=r"1.5 to 3.1 does not fit the clip's 2.00 seconds"):
        read_csv(tmp_path, "video,start_s,stop_s\ntest/door,1.5,3.1\n")


def test_csv_names_faults_by_line(tmp_path):
    rows = ["dor,1,2", "", "door,1,2", "2,5,21", "2,-1,3", "2,9,4", "2,1.5,3", "2,one,3"]
    with pytest.raises(UserError) as caught:
        read_csv(tmp_path, "video,start,stop\n" + "\n".join(rows))
    file = tmp_path / "labels.csv"
    assert str(caught.value).splitlines() == [
        f"{file}, line 2 (dor): is no clip; did you mean 'door'?",
        f"{file}, line 4 (door): may be test/door or train/door; say which",
        f"{file}, line 5 (2): 5 to 21 does not fit the clip's 20 frames",
        f"{file}, line 6 (2): -1 to 3 does not fit the clip's 20 frames",
        f"{file}, line 7 (2): start 9 is not before stop 4",
        "... and 2 more lines",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,start,stop\n2,1.5,3\n", r"line 2 \(2\): 1.5 to 3 has a fraction of a frame"),
        ("video,start,stop\n2,4,4\n", "start 4 is not before stop 4; stop itself is not included"),
        ("video,start,stop\n2,one,3\n", "start is 'one'; wanted a number"),
        ("video,start,stop\n2,1,inf\n", "stop is 'inf'; wanted a number"),
        ("video,start,stop\n2,nan,3\n", "start is 'nan'; wanted a number"),
        ("video,start,stop\n2,1\n", "stop is missing"),
        ("video,start,stop\nxyz,1,2\n", "clips are test/door, test/hall/2, train/door$"),
        ("video,start_s,stop_s\n2,1,1.5\n", "the frame rate is unknown .*; give frames, in a file"),
        ("video,start_s,stop_s\ntest/door,3,1\n", "start 3 is not before stop 1"),
        (
            "video,start_s,stop_s\ntest/door,.01,.02\n",
            "no frame lies between .01 and .02 s at 10 f",
        ),
        ("\n\na,b\n1,2\n", r"line 3: wanted the columns video,start,stop .* found a,b"),
        ("", "labels.csv is empty; wanted the columns"),
        ("\n \n", "labels.csv is empty"),
        ('video,start,stop\n"2,1,2', "cannot be read as a table"),
    ],
)
def test_csv_faults_of_kind(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read_csv(tmp_path, text)


def test_csv_that_is_no_text(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfev\0i\0")
    with pytest.raises(UserError, match="cannot be read as a table"):
        labels_csv.read_csv(tmp_path / "labels.csv", CLIPS)


BOTH = "video,start,stop,start_s,stop_s\n"


def test_csv_with_both_pairs_of_columns_takes_the_filled_one(tmp_path):
    found = read_csv(tmp_path, BOTH + "test/door,5,8,,\ntrain/door,,,1.5,2\nhall/2,,,,\n")
    assert np.flatnonzero(found["test/door"]).tolist() == [5, 6, 7]
    assert np.flatnonzero(found["train/door"]).tolist() == [15, 16, 17, 18, 19]
    assert not found["test/hall/2"].any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOTH + "test/door,5,8,.5,.8\n", r"line 2 .* both in frames .* leave one of the two empty"),
        (BOTH + "test/door,5,,,.8\n", "both in frames"),
        ("video,start,stop\na,b.mp4,1,2\n", "more cells than the first line; put a name"),
        ("video,start,stop,start\ntest/door,1,2,3\n", "found start twice"),
    ],
)
def test_csv_that_says_a_time_twice(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read_csv(tmp_path, text, {**CLIPS, "test/a": (20, 10.0)})


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_file", ["NFC", "NFD"])
def test_csv_names_match_in_every_unicode_form(tmp_path, on_disk, in_file):
    clip = unicodedata.normalize(on_disk, "test/Café Türe")
    name = unicodedata.normalize(in_file, "Café Türe.mp4")
    found = read_csv(tmp_path, f"video,start,stop\n{name},1,3\n", {clip: (5, 25.0)})
    assert found[clip].tolist() == [0, 1, 1, 0, 0]


def test_csv_takes_the_form_that_is_equal_to_the_letter(tmp_path):
    clips = {unicodedata.normalize(form, "test/é"): (4, 25.0) for form in ("NFC", "NFD")}
    name = unicodedata.normalize("NFD", "é")
    found = read_csv(tmp_path, f"video,start,stop\n{name},0,4\n", clips)
    assert [int(labels.sum()) for labels in found.values()] == [0, 4]


CLASSES = """video,start,stop,class
test/door,2,5,Arson
test/door,4,8,Abuse
test/door,9,10,
hall/2,,,Robbery
train/door,,,Normal
"""


def test_a_column_names_classes_of_intervals_and_of_clips(tmp_path):
    (tmp_path / "labels.csv").write_text(CLASSES)
    found = labels_csv.read_csv(tmp_path / "labels.csv", CLIPS)
    door = found["test/door"]
    assert np.flatnonzero(door.labels).tolist() == [2, 3, 4, 5, 6, 7, 9]
    frames = {kind: np.flatnonzero(own).tolist() for kind, own in door.kinds.items()}
    assert frames == {"Arson": [2, 3, 4], "Abuse": [4, 5, 6, 7]}
    assert found["test/hall/2"].labels is None  # of this class, nobody says when
    assert found["test/hall/2"].kinds == {"Robbery": None}
    assert not found["train/door"].labels.any() and not found["train/door"].kinds


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2,1,3,normal\n", r"line 2 \(2\): is an abnormal interval and of class normal"),
        ("2,,,Abuse\n2,1,3,Abuse\n", r"line 3 \(2\): has a class without times"),
    ],
)
def test_classes_that_contradict_times(tmp_path, rows, message):
    with pytest.raises(UserError, match=message):
        read_csv(tmp_path, f"video,start,stop,class\n{rows}")
