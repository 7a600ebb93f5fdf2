"""The audit against a brute-force reading of its definition, and on what make_folds made."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.leakage.audit import FoldWindows, audit, leaked_windows
from vadjax.data.leakage.audit_folds import audit_folds
from vadjax.data.leakage.copy_search import Copy
from vadjax.data.splits.folds import make_folds
from vadjax.data.splits.units import Fold, Provenance, Segment, Units
from vadjax.data.splits.windows import window_table
from vadjax.data.video import Dataset
from vadjax.errors import UserError


def clip(name, num_frames, abnormal=None):
    labels = None if abnormal is None else np.arange(num_frames) < abnormal * num_frames / 2
    return SimpleNamespace(id=name, frames=range(num_frames), labels=labels, video_label=None)


def videos(*lengths):
    return Provenance.of_videos([clip(f"test/{n:02d}", length) for n, length in enumerate(lengths)])


@st.composite
def cases(draw):
    num = draw(st.integers(2, 30))
    row = st.integers(0, num - 1)
    column = st.lists(st.integers(0, 3), min_size=num, max_size=num)
    video = np.array(draw(column))
    provenance = Provenance(
        video,
        np.array(draw(st.lists(st.integers(0, 12), min_size=num, max_size=num))),
        source=np.where(np.array(draw(column)) == 0, np.array(draw(column)), video),
        copies=np.array(draw(st.lists(st.tuples(row, row), max_size=12)), int).reshape(-1, 2),
    )
    length = draw(st.integers(1, 3))
    windows = st.lists(
        st.lists(st.integers(0, num - 1), min_size=length, max_size=length), max_size=8
    )
    fold = FoldWindows(
        *(np.array(draw(windows), int).reshape(-1, length) for _ in ("used", "test"))
    )
    return provenance, fold, draw(st.integers(0, 3))


def brute(p, fold, radius):
    used = {int(row) for row in fold.used.ravel()}
    kinds = {k: [] for k in ("exact", "neighbour", "augmented", "same_video", "duplicate")}
    for window in fold.test:
        pairs = [(i, j) for i in window for j in used]
        same = [(i, j) for i, j in pairs if p.source[i] == p.source[j]]
        kinds["exact"].append(
            any(p.video[i] == p.video[j] and p.frame[i] == p.frame[j] for i, j in pairs)
        )
        kinds["neighbour"].append(any(abs(p.frame[i] - p.frame[j]) <= radius for i, j in same))
        kinds["same_video"].append(bool(same))
        kinds["augmented"].append(
            any(
                p.frame[i] == p.frame[j]
                and (p.source[i] != p.video[i] or p.source[j] != p.video[j])
                for i, j in same
            )
        )
        kinds["duplicate"].append(
            any(i == row and other in used for i in window for row, other in p.copies)
        )
    return kinds


@settings(deadline=None, max_examples=150)
@given(cases())
def test_kinds_are_those_of_the_definition(case):
    provenance, fold, radius = case
    found = leaked_windows(provenance, fold, radius=radius)
    for kind, expected in brute(provenance, fold, radius).items():
        assert found[kind].tolist() == expected, kind


def test_random_windows_of_one_clip_leak_completely():
    provenance = videos(200)
    table = window_table([200], length=10, stride=1).rows
    order = np.random.default_rng(0).permutation(len(table))
    fold = FoldWindows(used=table[order[:150]], test=table[order[150:]])
    found = audit(provenance, [fold], protocol="random_window", window_span=10)
    assert found["exact"] == found["neighbour"] == 1 and found["verdict"] == "leaky"
    assert found["augmented"] == 0 and found["counts"]["exact"] == len(fold.test)
    assert found["duplicate"] is None
    with pytest.raises(UserError, match=r"by_video allows no leak, but 41 of 41 .* in test/00"):
        audit(provenance, [fold], protocol="by_video", window_span=10)


def test_neighbours_end_where_windows_no_longer_overlap_in_reach():
    provenance = videos(60)
    used = window_table([20], length=10, stride=1).rows
    for gap, expected in ((0, 1), (8, 1), (9, 0)):
        test = np.arange(20 + gap, 30 + gap)[None]
        found = audit(
            provenance, [FoldWindows(used, test)], protocol="random_window", window_span=10
        )
        assert (found["exact"], found["neighbour"], found["same_video"]) == (0, expected, 1)
        assert found["verdict"] == "leaky"  # other frames of the same video were used


def test_statistics_are_judged_by_their_rows():
    provenance = videos(20, 20)
    used, test = np.arange(20).reshape(4, 5), np.arange(20, 40).reshape(4, 5)
    rows = {"the scaler": np.arange(20), "the threshold": np.arange(25)}
    fold = FoldWindows(used, test, statistics=rows)
    found = audit(provenance, [fold], protocol="one_class", window_span=5, declared=["told"])
    assert found["statistic"] == ["the threshold is derived from test frames", "told"]
    assert found["verdict"] == "leaky" and found["same_video"] == 0


def test_frames_shuffled_before_windowing_show():
    provenance = videos(20, 20)
    rows = np.random.default_rng(0).permutation(40).reshape(8, 5)
    found = audit(
        provenance,
        [FoldWindows(rows[:6], rows[6:])],
        protocol="published_shuffled",
        window_span=5,
    )
    assert found["shuffled"] == 1
    assert found["statistic"] == ["frames were shuffled before windows were cut"]


@pytest.mark.parametrize("num_train", [1, 2, 5, 12])
def test_one_class_is_clean(num_train):
    data = Dataset(
        "folder",
        "",
        None,
        train=[clip(f"train/{n}", 60) for n in range(num_train)],
        test=[clip(f"test/{n}", 30, n % 2) for n in range(4)],
    )
    folds = make_folds(data, protocol="one_class", length=5, dilation=3)
    found = audit_folds(folds, [*data.train, *data.test], length=5, dilation=3)
    assert found["verdict"] == "clean" and not any(
        found["counts"][k] for k in ("exact", "neighbour")
    )
    assert found["radius"] == 12 and found["test_windows"] == 4 * 18


def test_by_video_is_clean():
    data = Dataset(
        "folder",
        "",
        None,
        train=[clip(f"train/{n}", 60) for n in range(3)],
        test=[clip(f"test/{n}", 30, n % 3 > 0) for n in range(9)],
    )
    folds = make_folds(data, protocol="by_video", length=5)
    found = audit_folds(folds, [*data.train, *data.test], length=5)
    assert found["verdict"] == "clean" and found["test_windows"] == 9 * 26


def test_a_leaky_fold_is_caught():
    units = Units((Segment("test/01", 0, 40),))
    fold = Fold(0, train=units, validation=Units(), calibration=Units(), test=units)
    with pytest.raises(UserError, match="one_class allows no leak, but 36 of 36"):
        audit_folds([fold], [clip("test/01", 40)], length=5)


def split(**changes):
    def units(*names):
        return Units(tuple(Segment(name, 0, 30) for name in names))

    sides = {
        "train": units("train/1", "train/2"),
        "validation": units("train/3"),
        "calibration": units("train/4"),
        "test": units("test/1"),
    }
    return Fold(0, **{**sides, **changes})


CLIPS = [clip(f"train/{n}", 30) for n in range(1, 5)] + [clip("test/1", 30)]
HONEST = {
    "standardisation": [("train/1", 0, 30), ("train/2", 0, 30)],
    "training": [("train/1", 3, 30), ("train/2", 0, 30)],
    "early stopping": [("train/3", 0, 30)],
    "threshold": [("train/4", 0, 30)],
    "the training of baseline knn": [("train/1", 0, 30)],
}


def audited(noted, copies=None):
    return audit_folds([split()], CLIPS, length=5, fitted=[noted], copies=copies)


def test_fits_that_read_what_the_split_gives_them_are_clean():
    found = audited(HONEST)
    assert (found["verdict"], found["statistic"], found["basis"]) == ("clean", [], "fits")
    assert audit_folds([split()], CLIPS, length=5)["basis"] == "split"


@pytest.mark.parametrize("purpose", HONEST)
def test_a_fit_that_read_test_frames_is_named(purpose):
    found = audited({**HONEST, purpose: [*HONEST[purpose], ("test/1", 28, 30)]})
    what = {"early stopping": "checkpoint", "training": "trained model"}.get(purpose, purpose)
    wanted = f"the {what.removeprefix('the ')} is derived from test frames"
    assert wanted in found["statistic"] and found["verdict"] == "leaky"


@pytest.mark.parametrize(
    ("purpose", "frames"),
    [
        ("standardisation", ("train/3", 0, 30)),
        ("training", ("train/4", 0, 1)),
        ("early stopping", ("train/4", 0, 30)),
        ("early stopping", ("train/1", 0, 30)),
        ("the training of baseline knn", ("train/3", 29, 30)),
        ("training", ("train/1", 0, 31)),
    ],
)
def test_a_fit_that_read_beyond_the_split_is_named(purpose, frames):
    clips = [SimpleNamespace(**{**vars(c), "frames": range(40)}) for c in CLIPS]
    noted = {**HONEST, purpose: [*HONEST[purpose], frames]}
    found = audit_folds([split()], clips, length=5, fitted=[noted])
    [text] = found["statistic"]
    assert f"has read frames of {frames[0]} beyond the split" in text
    assert found["verdict"] == "leaky"


def test_a_threshold_may_be_cross_fitted_over_the_training_clips():
    noted = {**HONEST, "threshold": [(f"train/{n}", 0, 30) for n in range(1, 5)]}
    assert audited(noted)["verdict"] == "clean"


def test_nothing_is_called_clean_where_clips_are_not_known():
    known = audit_folds([split()], CLIPS, length=5)
    found = audit_folds([split()], CLIPS, length=5, clips_known=False)
    assert (known["verdict"], found["verdict"]) == ("clean", "unknown")
    assert found["exact"] == 0 and found["neighbour"] is found["same_video"] is None
    noted = {"training": [("test/1", 0, 30)]}
    found = audit_folds([split()], CLIPS, length=5, fitted=[noted], clips_known=False)
    assert found["verdict"] == "leaky"


def test_copied_frames_count_in_the_windows_that_hold_them():
    copy = Copy("test/1", 10, 20, "train/2", 3, "altered", 0.95)
    found = audited(HONEST, [copy])
    assert found["counts"]["duplicate"] == 14 and found["verdict"] == "leaky"  # windows 6 to 19
    assert found["copies"] == [dataclasses.asdict(copy)]
    late = Copy("test/1", 10, 20, "train/1", 20, "equal", 1.0)
    without = dataclasses.replace(split(), train=Units((Segment("train/1", 0, 20),)))
    found = audit_folds([without], CLIPS, length=5, copies=[late])
    assert found["counts"]["duplicate"] == 0  # frames that nothing has read
