"""Numbers of the classes of clips and of their rows, on hand-made cases."""

import numpy as np
import pytest

from vadjax.data.class_ids import class_of_video, classes_of_rows, learnt
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.frames.timeline import every
from vadjax.data.text.class_names import UNKNOWN, names_of
from vadjax.data.video import Video
from vadjax.errors import UserError

NAMES = names_of("Abuse,Arson")


def video(rows=4, **known):
    return Video("test/a", "test", FeatureRows(rows, lambda: np.zeros((rows, 2))), **known)


@pytest.mark.parametrize(
    ("known", "number", "binary"),
    [
        ({}, UNKNOWN, UNKNOWN),
        ({"video_label": 0, "classes": ("Normal",)}, 0, 0),
        ({"video_label": 1, "classes": ("Arson",)}, 2, 1),
        ({"video_label": 1, "classes": ("riot", "Arson", "Abuse")}, 2, 1),  # the first with a name
        ({"video_label": 1, "classes": ("riot",)}, 3, 1),  # behind all names: other
        ({"video_label": 1}, 3, 1),
    ],
)
def test_class_of_a_clip(known, number, binary):
    assert class_of_video(video(**known), NAMES) == number
    assert class_of_video(video(**known), names_of("")) == binary


def test_classes_of_rows_follow_kinds_and_else_the_clip():
    labels = np.array([0, 1, 1, 1], np.uint8)
    assert classes_of_rows(video(), NAMES) is None
    plain = video(labels=labels, classes=("Arson",))
    assert classes_of_rows(plain, NAMES).tolist() == [0, 2, 2, 2]
    assert classes_of_rows(plain, names_of("")).tolist() == [0, 1, 1, 1]
    kinds = {"Abuse": np.array([0, 1, 1, 0]), "Arson": np.array([0, 0, 1, 0])}
    several = video(labels=labels, classes=("Arson", "Abuse"), metadata={"kinds": kinds})
    assert classes_of_rows(several, NAMES).tolist() == [0, 1, 1, 3]
    assert classes_of_rows(several, names_of("Arson,Abuse")).tolist() == [0, 2, 1, 3]


def test_a_row_of_several_frames_has_the_class_of_any():
    labels = np.array([0, 0, 0, 1, 1, 0, 0], np.uint8)
    one = video(
        timeline=every(4, 7, 2, labels),
        classes=("Arson",),
        metadata={"kinds": {"Arson": labels > 0}},
    )
    assert classes_of_rows(one, NAMES).tolist() == [0, 2, 2, 0]


def test_what_cannot_be_learnt_says_why():
    assert learnt(np.array([0, 2]), NAMES, where="train/a").tolist() == [0, 2]
    with pytest.raises(UserError, match="train/a has no class to learn from"):
        learnt(np.array([UNKNOWN]), NAMES, where="train/a")
    with pytest.raises(UserError, match="of none of the classes Abuse, Arson: name its class"):
        learnt(np.array([3]), NAMES, where="train/a")
