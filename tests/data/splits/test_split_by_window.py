"""Leaky splits: the published code step by step, what they share, and what the audit says."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

from vadjax.data.leakage.audit_folds import audit_folds
from vadjax.data.splits.folds import make_folds
from vadjax.data.video import Dataset
from vadjax.errors import UserError

LENGTH = 10


def clip(name, labels, **metadata):
    return SimpleNamespace(
        id=name,
        frames=range(len(labels)),
        labels=np.asarray(labels, np.uint8),
        metadata=metadata,
    )


def dataset(name="folder", num_test=4, share=0.5):
    test = [clip(f"test/{n}", np.arange(60) < share * 60) for n in range(num_test)]
    train = [clip(f"train/{n}", np.zeros(30)) for n in range(3)]
    for one in train:
        one.labels = None
    note = "frames of the training clips, not known" if name == "ucsd_ped2" else ""
    return Dataset(name, "official", None, tuple(train), tuple(test), pooled_note=note)


def last(labels):
    return labels[:, -1]


def fold(protocol, data=None, *, stride=1, seed=0, copies=()):
    (made,) = make_folds(
        data or dataset(),
        protocol=protocol,
        length=LENGTH,
        stride=stride,
        window_label=last,
        copies=copies,
        seed=seed,
    )
    return made


def audited(found, data, copies=()):
    return audit_folds([found], [*data.train, *data.test, *copies], length=LENGTH)


def published(features, labels, run):
    """The notebooks' steps, on features themselves."""
    x = np.concatenate([features[labels == 0], features[labels == 1]])
    y = np.concatenate([np.zeros(np.sum(labels == 0)), np.ones(np.sum(labels == 1))])
    x, y = shuffle(x, y, random_state=42)
    starts = range(len(x) - LENGTH + 1)
    x = np.array([x[i : i + LENGTH] for i in starts])
    y = np.array([y[i + LENGTH - 1] for i in starts])
    return train_test_split(x, y, test_size=0.2, stratify=y, random_state=run)


@pytest.mark.parametrize("run", [0, 3])
@pytest.mark.parametrize("name, num_rows", [("folder", 240), ("ucsd_ped2", 330)])
def test_published_shuffled_is_the_published_code(run, name, num_rows):
    data = dataset(name, share=0.3)
    found = fold("published_shuffled", data, seed=run)
    videos = [*data.train, *data.test] if name == "ucsd_ped2" else data.test
    assert found.videos == tuple(v.id for v in videos)
    labels = np.concatenate(
        [np.zeros(len(v.frames)) if v.labels is None else v.labels for v in videos]
    )
    assert len(labels) == num_rows
    features = np.arange(num_rows, dtype=np.float32)
    x_fit, x_test, y_fit, y_test = published(features, labels, run)
    np.testing.assert_array_equal(features[found.train.windows], x_fit)
    np.testing.assert_array_equal(features[found.test.windows], x_test)
    np.testing.assert_array_equal(found.train.labels, y_fit)
    np.testing.assert_array_equal(found.test.labels, y_test)
    assert found.validation == found.test


def test_random_windows_lie_in_a_clip_and_are_divided_once():
    found = fold("random_window", stride=3)
    tables = (found.train, found.validation, found.test)
    windows = np.concatenate([units.windows for units in tables])
    assert len(windows) == 4 * 17 == len(np.unique(windows[:, 0]))
    video = np.repeat(np.arange(4), 60)[windows]
    assert (video == video[:, :1]).all() and (np.diff(windows) == 1).all()
    assert len(found.test) == 14 and len(found.validation) == 11  # a fifth, and a fifth of the rest
    mean = np.concatenate([units.labels for units in tables]).mean()
    for units in tables:
        assert abs(units.labels.mean() - mean) < 0.05
        np.testing.assert_array_equal(units.labels, (units.windows[:, -1] % 60) < 30)


def test_the_seed_divides_and_does_not_shuffle():
    for protocol in ("random_window", "published_shuffled"):
        a, same, b = (fold(protocol, seed=seed) for seed in (0, 0, 1))
        assert a.test == same.test and a.test != b.test
        windows = [
            {tuple(w) for units in (one.train, one.test) for w in units.windows} for one in (a, b)
        ]
        if protocol == "published_shuffled":
            assert windows[0] == windows[1]


@pytest.mark.parametrize("protocol", ["random_window", "published_shuffled"])
def test_the_audit_finds_every_test_window_leaking(protocol):
    found = fold(protocol)
    leakage = audited(found, dataset())
    assert leakage["verdict"] == "leaky" and leakage["exact"] == leakage["neighbour"] == 1.0
    assert leakage["augmented"] == 0.0 and leakage["test_windows"] == len(found.test)
    if protocol == "random_window":
        assert leakage["shuffled"] == 0.0
        assert leakage["statistic"] == [
            "the checkpoint is derived from test frames",
            "the standardisation is derived from test frames",
        ]
    else:
        assert leakage["shuffled"] == 1.0
        assert leakage["statistic"] == [
            "frames were shuffled before windows were cut",
            "the checkpoint is derived from test frames",
        ]


def test_copies_are_traced_to_their_source():
    data = dataset(share=0.2)
    frames = np.arange(12)
    copies = [
        clip(f"{v.id}~{how}", np.ones(12), source_id=v.id, frames=frames, augmentation=how)
        for v in data.test
        for how in ("flip", "r90", "r180")
    ]
    found = fold("published_shuffled", data, copies=copies)
    assert len(found.videos) == 16
    leakage = audited(found, data, copies)
    labels = np.concatenate([v.labels for v in (*data.test, *copies)])
    assert labels.sum() == 4 * 12 * 4
    normal = (labels[found.test.windows] == 0).all(1)
    assert leakage["augmented"] == 1 - normal.mean() > 0.9  # normal frames have no copies
    assert "only abnormal frames have altered copies" in leakage["statistic"]
    assert any("144 altered copies" in warning for warning in found.warnings)


def test_warnings_say_what_the_figures_are():
    assert "the unit of every figure is the window" in fold("random_window").warnings[0]
    data = dataset("ucsd_ped2")
    data.test[0].labels = None
    text = " | ".join(fold("published_shuffled", data).warnings)
    for words in ("windows that are tested", "not made", "training clips", "not known"):
        assert words in text
    assert "1 unlabelled test clips" in text


@pytest.mark.parametrize("protocol", ["random_window", "published_shuffled"])
def test_what_cannot_be_divided_is_said(protocol):
    with pytest.raises(UserError, match="at least 5 of each; folder gives 0 normal and "):
        fold(protocol, dataset(share=1.0))
    with pytest.raises(UserError, match=r"gives \d+ normal and 0 abnormal windows of 10 rows"):
        fold(protocol, dataset(share=0.0))
    short = dataclasses.replace(dataset(), test=(clip("test/0", np.arange(12) < 6),))
    with pytest.raises(UserError, match=r"lower window\.length"):
        fold(protocol, short)
    unlabelled = dataset()
    for one in unlabelled.test:
        one.labels = None
    with pytest.raises(UserError, match="labelled test clips; folder has none"):
        fold(protocol, unlabelled)
