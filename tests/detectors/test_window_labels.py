"""What a window model is taught of each row, by objective."""

import numpy as np
import pytest

from tests.models import build
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.splits.units import Segment
from vadjax.data.text.class_names import names_of
from vadjax.data.video import Video
from vadjax.detectors.window_labels import row_labels, tells_classes
from vadjax.errors import UserError

NAMES = names_of("Abuse,Arson")


def video(name, rows=4, **known):
    return Video(name, "train", FeatureRows(rows, lambda: np.zeros((rows, 2))), **known)


POOL = {
    Segment("train/a", 1, 4): video("train/a", classes=("Arson",), labels=np.array([0, 0, 1, 1])),
    Segment("train/b", 0, 4): video("train/b", video_label=0, classes=("Normal",)),
}


def goal(name, **more):
    return build.objective(name, activation="softmax", num_classes=3, **more)


def test_frames_teach_the_classes_of_rows():
    found = row_labels(POOL, goal("classify"), NAMES)
    assert {k: v.tolist() for k, v in found.items()} == {"frame_labels": [0, 2, 2, 0, 0, 0, 0]}


def test_clips_teach_their_class_in_every_row():
    found = row_labels(POOL, goal("recognize"), NAMES)
    assert {k: v.tolist() for k, v in found.items()} == {"video_classes": [2, 2, 2, 0, 0, 0, 0]}
    unknown = {Segment("train/c", 0, 4): video("train/c")}
    with pytest.raises(UserError, match="train/c has no class to learn from"):
        row_labels(unknown, goal("recognize"), NAMES)


def test_what_reads_no_labels_of_rows_gets_none():
    for name in ("predict", "reconstruct", "mil_ranking"):
        assert row_labels(POOL, build.objective(name), NAMES) == {}


def test_probabilities_are_kept_of_a_soft_max_whose_classes_have_names():
    assert tells_classes(goal("classify"), NAMES) and tells_classes(goal("recognize"), NAMES)
    assert not tells_classes(goal("classify"), names_of(""))  # three classes, two names
    assert not tells_classes(build.objective("classify"), names_of(""))  # one logit
    assert not tells_classes(build.objective("predict"), NAMES)
