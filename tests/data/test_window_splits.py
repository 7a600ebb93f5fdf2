"""Leaky splits: the published code step by step, what they share, and what the audit says."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

from vadjax.data.window_splits import audit_window_fold, make_window_fold
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
    return SimpleNamespace(name=name, train=tuple(train), test=tuple(test))


def last(labels):
    return labels[:, -1]


def fold(protocol, data=None, *, stride=1, seed=0, copies=()):
    return make_window_fold(
        data or dataset(),
        protocol=protocol,
        length=LENGTH,
        stride=stride,
        window_label=last,
        copies=copies,
        seed=seed,
    )


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
    np.testing.assert_array_equal(features[found.windows[found.fit]], x_fit)
    np.testing.assert_array_equal(features[found.windows[found.test]], x_test)
    np.testing.assert_array_equal(found.labels[found.fit], y_fit)
    np.testing.assert_array_equal(found.labels[found.test], y_test)
    assert found.select is found.test


def test_random_windows_lie_in_a_clip_and_are_dealt_once():
    found = fold("random_window", stride=3)
    assert len(found.windows) == 4 * 17
    video = np.repeat(np.arange(4), 60)[found.windows]
    assert (video == video[:, :1]).all() and (np.diff(found.windows) == 1).all()
    sides = np.concatenate([found.fit, found.select, found.test])
    np.testing.assert_array_equal(np.sort(sides), np.arange(68))
    assert len(found.test) == 14 and len(found.select) == 11  # a fifth, and a fifth of the rest
    for side in (found.fit, found.select, found.test):
        assert abs(found.labels[side].mean() - found.labels.mean()) < 0.05


def test_the_seed_divides_and_does_not_shuffle():
    for protocol in ("random_window", "published_shuffled"):
        a, same, b = (fold(protocol, seed=seed) for seed in (0, 0, 1))
        np.testing.assert_array_equal(a.windows, b.windows)
        np.testing.assert_array_equal(a.test, same.test)
        assert not np.array_equal(a.test, b.test)


@pytest.mark.parametrize("protocol", ["random_window", "published_shuffled"])
def test_the_audit_finds_every_test_window_leaking(protocol):
    found = fold(protocol)
    leakage = audit_window_fold(found, span=LENGTH, standardized=protocol == "random_window")
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
    assert found.row_labels.sum() == 4 * 12 * 4 and len(found.videos) == 16
    leakage = audit_window_fold(found, span=LENGTH, standardized=False)
    normal = (found.row_labels[found.windows[found.test]] == 0).all(1)
    assert leakage["augmented"] == 1 - normal.mean() > 0.9  # normal frames have no copies
    assert "only abnormal frames have altered copies" in leakage["statistic"]
    assert any("144 altered copies" in stamp for stamp in found.stamps)


def test_stamps_say_what_the_figures_are():
    assert "the unit of every figure is the window" in fold("random_window").stamps[0]
    data = dataset("ucsd_ped2")
    data.test[0].labels = None
    stamps = " | ".join(fold("published_shuffled", data).stamps)
    for words in ("windows that are tested", "not made", "training clips", "not known"):
        assert words in stamps
    assert "1 unlabelled test clips" in stamps


@pytest.mark.parametrize("protocol", ["random_window", "published_shuffled"])
def test_what_cannot_be_divided_is_said(protocol):
    with pytest.raises(UserError, match="at least 5 of each; folder gives 0 normal and "):
        fold(protocol, dataset(share=1.0))
    with pytest.raises(UserError, match=r"gives \d+ normal and 0 abnormal windows of 10 rows"):
        fold(protocol, dataset(share=0.0))
    short = dataset()
    short.test = (clip("test/0", np.arange(12) < 6),)
    with pytest.raises(UserError, match=r"lower window\.length"):
        fold(protocol, short)
    unlabelled = dataset()
    for one in unlabelled.test:
        one.labels = None
    with pytest.raises(UserError, match="labelled test clips; folder has none"):
        fold(protocol, unlabelled)
