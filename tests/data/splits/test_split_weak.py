"""Splits for labels of videos: whole clips, both classes on each side, no label of a frame read."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.leakage.audit_folds import audit_folds
from vadjax.data.splits.folds import make_folds
from vadjax.data.video import Dataset
from vadjax.errors import UserError


class Unread:
    """Labels of frames that nobody may look at."""

    def __getattr__(self, name):
        raise AssertionError("labels of frames were read")

    __len__ = __iter__ = __array__ = __getitem__ = None


def clip(name, label, num_frames=30):
    known = {"labels": Unread(), "video_label": label, "classes": (), "metadata": {}}
    return SimpleNamespace(id=name, frames=range(num_frames), content=None, **known)


def dataset(train, test, **facts):
    sides = {"train": train, "test": test}
    made = {
        side: tuple(clip(f"{side}/{n:02d}", label) for n, label in enumerate(labels))
        for side, labels in sides.items()
    }
    return Dataset("x", "official", None, made["train"], made["test"], **facts)


def ids(units):
    return {segment.video_id for segment in units.segments}


def classes(data, units):
    labels = {video.id: video.video_label for video in (*data.train, *data.test)}
    return [labels[name] for name in ids(units)]


@settings(deadline=None, max_examples=30)
@given(
    positive=st.integers(2, 30),
    negative=st.integers(2, 30),
    holdout=st.floats(0.05, 0.9),
    seed=st.integers(0, 9),
)
def test_weak_holds_out_both_classes(positive, negative, holdout, seed):
    data = dataset([1] * positive + [0] * negative, [1, 0, 0])
    (fold,) = make_folds(data, protocol="weak", holdout=holdout, seed=seed)
    train, stops, threshold = ids(fold.train), ids(fold.validation), ids(fold.calibration)
    assert set(classes(data, fold.train)) == set(classes(data, fold.validation)) == {0, 1}
    assert set(classes(data, fold.calibration)) == {0}
    assert not train & (stops | threshold) and train | stops | threshold == {
        v.id for v in data.train
    }
    assert ids(fold.test) == {v.id for v in data.test}
    assert bool(stops & threshold) == any("share" in text for text in fold.warnings)
    assert audit_folds([fold], [*data.train, *data.test], length=1)["verdict"] == "clean"


def test_ped2_has_folds_of_whole_clips():
    """Its sixteen training clips are normal, its twelve test clips all hold something abnormal."""
    data = dataset([0] * 16, [1] * 12, num_folds=4)
    folds = make_folds(data, protocol="weak_by_video")
    assert [len(fold.test) for fold in folds] == [3] * 4
    assert set().union(*(ids(fold.test) for fold in folds)) == {v.id for v in data.test}
    for fold in folds:
        used = ids(fold.train) | ids(fold.validation) | ids(fold.calibration)
        assert not used & ids(fold.test)
        assert sum(classes(data, fold.train)) == 7 and sum(classes(data, fold.validation)) == 2
        assert set(classes(data, fold.calibration)) == {0}
    assert make_folds(data, protocol="weak_by_video", seed=1) != folds
    audit_folds(folds, [*data.train, *data.test], length=16)


def test_folds_have_both_classes_alike():
    data = dataset([0] * 4, [1, 1, 1, 1, 0, 0, 0, 0], num_folds=4)
    for fold in make_folds(data, protocol="weak_by_video"):
        assert sorted(classes(data, fold.test)) == [0, 1]


@pytest.mark.parametrize(
    ("train", "test", "protocol", "message"),
    [
        ([0] * 9, [1] * 3, "weak", "there are 0 abnormal and 9 normal ones .weak_by_video takes"),
        ([0, None, 1], [1], "weak", "1 of x have none: train/01"),
        ([0] * 9, [None, 1], "weak_by_video", "needs at least 2 labelled test clips"),
        ([0] * 9, [1, 1], "weak_by_video", "there are 1 abnormal and 9 normal ones$"),
    ],
)
def test_what_cannot_be_split(train, test, protocol, message):
    with pytest.raises(UserError, match=message):
        make_folds(dataset(train, test), protocol=protocol)


def test_weak_holds_out_a_share_of_each_class():
    data = dataset([0] * 10 + [1] * 31, [1])
    kinds = ["Abuse"] * 20 + ["Arson"] * 10 + ["Robbery"]  # one clip of a class is trained on
    for video, kind in zip(data.train[10:], kinds, strict=True):
        video.classes = (kind,)
    named = {video.id: video.classes for video in data.train}
    for seed in range(5):
        (fold,) = make_folds(data, protocol="weak", holdout=0.2, seed=seed)
        held = [named[segment.video_id] for segment in fold.validation.segments]
        counts = {kind: held.count((kind,)) for kind in set(kinds)}
        assert counts == {"Abuse": 4, "Arson": 2, "Robbery": 0}
