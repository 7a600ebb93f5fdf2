"""labels.csv with a column of annotators: what they agree on, and what is refused."""

import numpy as np
import pytest

from vadjax.data.labels import labels_csv
from vadjax.errors import UserError

CLIPS = {"test/door": (20, 10.0), "test/hall": (10, 10.0), "train/room": (30, 10.0)}


def read(tmp_path, text):
    (tmp_path / "labels.csv").write_text(text)
    return labels_csv.read_csv(tmp_path / "labels.csv", CLIPS)


def frames(labels):
    return np.flatnonzero(labels).tolist()


def test_each_has_labels_of_every_clip_and_half_of_them_decide(tmp_path):
    found = read(
        tmp_path,
        "video,start,stop,annotator\ndoor,2,8,first\ndoor,4,10,second\nhall,,,first\n"
        "door,6,9,third\nhall,0,2,third\n",
    )
    door, hall, room = found.values()
    assert [frames(own) for own in door.annotations.values()] == [
        list(range(2, 8)),
        list(range(4, 10)),
        list(range(6, 9)),
    ]
    assert frames(door.labels) == list(range(4, 9))  # two of three
    assert list(hall.annotations) == ["first", "second", "third"] and not hall.labels.any()
    assert frames(hall.annotations["third"]) == [0, 1]
    assert (hall.named_by, room.named_by) == (("first", "third"), ())
    assert not any(own.any() for own in room.annotations.values())


def test_of_two_either_is_enough(tmp_path):
    text = "video,start_s,stop_s,annotator,class\ndoor,.2,.5,a,bike\ndoor,.4,.8,b,run\n"
    door = read(tmp_path, text)["test/door"]
    assert frames(door.labels) == list(range(2, 8))
    assert {kind: frames(own) for kind, own in door.kinds.items()} == {
        "bike": [2, 3, 4],
        "run": [4, 5, 6, 7],
    }


def test_a_class_is_where_most_agree_that_something_is(tmp_path):
    text = "video,start,stop,annotator,class\ndoor,0,9,a,bike\ndoor,4,6,b,bike\ndoor,5,7,c,run\n"
    door = read(tmp_path, text)["test/door"]
    assert frames(door.labels) == [4, 5, 6]
    assert frames(door.kinds["bike"]) == [4, 5, 6] and frames(door.kinds["run"]) == [5, 6]


def test_a_file_without_the_column_has_no_annotations(tmp_path):
    found = read(tmp_path, "video,start,stop\ndoor,1,2\n")
    assert all(not own.annotations and own.named_by == () for own in found.values())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("door,1,2,", r"line 2 \(door\): has no annotator; name one in every row, or remove"),
        ("door,1,2,anna\ndoor,1,2,Anna", "'anna' and 'Anna' are alike but for capitals"),
        ("door,1,21,anna", "1 to 21 does not fit the clip's 20 frames"),
    ],
)
def test_faults_are_named(tmp_path, rows, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, f"video,start,stop,annotator\n{rows}\n")


def test_a_class_without_times_says_nothing_that_could_be_compared(tmp_path):
    with pytest.raises(UserError, match="a class without times, which says nothing of frames"):
        read(tmp_path, "video,start,stop,class,annotator\ndoor,,,fight,anna\n")


def test_the_column_stands_once(tmp_path):
    with pytest.raises(UserError, match="found annotator twice"):
        read(tmp_path, "video,start,stop,annotator,annotator\ndoor,1,2,a,b\n")
