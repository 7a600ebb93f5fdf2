"""Splits: disjoint by clip, seeded, honest with few clips, stratified under by_video."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.splits.folds import make_folds
from vadjax.data.video import Dataset
from vadjax.errors import UserError

PED2_TEST = [180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180]
PED2_NORMAL = [60, 94, 0, 30, 0, 0, 45, 0, 0, 0, 0, 87]  # normal frames at the beginning
PED2_END = [0, 0, 4, 0, 21, 21, 0, 0, 0, 0, 0, 0]  # and at the end
PED2_TRAIN = [120, 150, 150, 180, 180, 150, 150, 120, 180, 180, 180, 180, 180, 150, 150, 150]


def clip(name, num_frames, labels=None, video_label=None):
    labels = None if labels is None else np.asarray(labels, np.uint8)
    frames = range(num_frames)
    return SimpleNamespace(id=name, frames=frames, labels=labels, video_label=video_label)


def dataset(train, test, name="folder"):
    facts = {"num_folds": 4, "official_split": True} if name == "ucsd_ped2" else {}
    return Dataset(name, "official", None, tuple(train), tuple(test), **facts)


def normal(*lengths):
    return [clip(f"train/{n:02d}", length) for n, length in enumerate(lengths, 1)]


def labelled(*shares, num_frames=20):
    return [
        clip(f"test/{n:02d}", num_frames, np.arange(num_frames) < share * num_frames)
        for n, share in enumerate(shares, 1)
    ]


def ped2():
    test = []
    rows = zip(PED2_TEST, PED2_NORMAL, PED2_END, strict=True)
    for n, (length, before, after) in enumerate(rows, 1):
        labels = np.ones(length)
        labels[:before] = labels[length - after :] = 0
        test.append(clip(f"test/{n:02d}", length, labels))
    return dataset(normal(*PED2_TRAIN), test, name="ucsd_ped2")


def ids(units):
    return [segment.video_id for segment in units.segments]


def frames(units):
    return {(s.video_id, frame) for s in units.segments for frame in range(s.start, s.stop)}


@pytest.mark.parametrize("num_clips", [3, 4, 9, 10, 11, 16, 34])
def test_one_class_holds_out_a_fifth_of_the_clips(num_clips):
    data = dataset(normal(*[50] * num_clips), labelled(0.5))
    (fold,) = make_folds(data, protocol="one_class", length=10)
    held = {*ids(fold.validation), *ids(fold.calibration)}
    assert not held & set(ids(fold.train))
    assert len(held) + len(fold.train) == num_clips
    assert len(held) == max(1 + (num_clips >= 10), round(0.2 * num_clips))
    if num_clips >= 10:
        assert not set(ids(fold.validation)) & set(ids(fold.calibration))
        assert fold.validation and fold.calibration and not fold.warnings
    else:
        assert fold.validation == fold.calibration
        assert "share the held-out clips" in fold.warnings[0]
    assert ids(fold.test) == ["test/01"]


def test_the_larger_half_of_the_held_out_clips_is_for_the_threshold():
    data = dataset(normal(*[50] * 15), labelled(0.5))
    (fold,) = make_folds(data, protocol="one_class", length=10, seed=3)
    held = [f"train/{n + 1:02d}" for n in np.random.default_rng(3).permutation(15)[:3]]
    assert (ids(fold.validation), ids(fold.calibration)) == (held[:1], held[1:])


def test_the_choice_is_seeded():
    data = ped2()
    first, same, other = (
        make_folds(data, protocol="one_class", length=16, seed=seed)[0] for seed in (0, 0, 1)
    )
    assert first == same and first != other


@pytest.mark.parametrize("lengths", [(100,), (40, 100)])
def test_with_fewer_than_three_clips_the_tail_is_held_out_behind_a_gap(lengths):
    (fold,) = make_folds(dataset(normal(*lengths), []), protocol="one_class", length=8, holdout=0.2)
    (held,) = fold.validation.segments
    cut = next(part for part in fold.train.segments if part.video_id == held.video_id)
    assert (cut.start, cut.stop, held.start, held.stop) == (0, 72, 80, 100)
    assert len(fold.train) == len(lengths) and fold.calibration == fold.validation
    assert "after a gap of 8 frames" in fold.warnings[0]


def test_a_single_short_clip_is_refused():
    with pytest.raises(UserError, match=r"train/01 .* has 20 frames: too short"):
        make_folds(dataset(normal(20), []), protocol="one_class", length=8)


def test_short_clips_are_trained_on_but_never_held_out():
    data = dataset(normal(*[5, 50] * 6), [])
    (fold,) = make_folds(data, protocol="one_class", length=10)
    assert all(part.stop == 50 for part in (*fold.validation.segments, *fold.calibration.segments))
    assert len(fold.train) == 11
    assert fold.warnings[0] == "6 training clips are shorter than a window and give none"
    with pytest.raises(UserError, match=r"at least 60 frames .* 12 normal .* longest of 50"):
        make_folds(data, protocol="one_class", length=60)


def test_padded_short_clips_may_be_held_out():
    data = dataset(normal(*[5] * 12), [])
    (fold,) = make_folds(data, protocol="one_class", length=10, pad=True)
    assert not any("shorter" in text for text in fold.warnings)
    assert len(fold.train) + len(fold.validation) + len(fold.calibration) == 12
    with pytest.raises(UserError, match=r"window.short_clips=pad"):
        make_folds(data, protocol="one_class", length=10)


def test_one_class_never_trains_on_an_abnormal_training_clip():
    strange = [clip("train/x", 50, np.ones(50)), clip("train/y", 50, video_label=1)]
    (fold,) = make_folds(
        dataset([*normal(50, 50, 50), *strange], []), protocol="one_class", length=5
    )
    used = [name for name in fold.videos if name.startswith("train")]
    assert not {"train/x", "train/y"} & set(used)
    assert "2 training clips with anomalies are not used" in fold.warnings


def test_by_video_on_ped2():
    data = ped2()
    folds = make_folds(data, protocol="by_video", length=16)
    assert len(folds) == 4
    assert sorted(name for fold in folds for name in ids(fold.test)) == [v.id for v in data.test]
    for fold in folds:
        assert len(fold.test) == 3
        assert len({"test/08", "test/09", "test/10", "test/11"} & set(ids(fold.test))) == 1
        assert fold.validation == fold.calibration
        assert len(fold.train) + len(fold.validation) + len(fold.test) == 28


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([0, 0, 0.1, 0.3, 0.6, 1.0]), min_size=4, max_size=25),
    st.integers(0, 12),
    st.integers(0, 6),
    st.integers(0, 99),
)
def test_folds_are_disjoint_and_balanced(shares, num_normal, num_folds, seed):
    data = dataset(normal(*[20] * num_normal), labelled(*shares))
    try:
        folds = make_folds(data, protocol="by_video", num_folds=num_folds, length=5, seed=seed)
    except UserError:
        abnormal = sum(share > 0 for share in shares)
        assert num_folds == 1 or abnormal < 3 or num_normal + sum(s < 1 for s in shares) < 3
        return
    tested = [name for fold in folds for name in ids(fold.test)]
    assert sorted(tested) == [video.id for video in data.test]
    assert len(folds) == min(num_folds or 5, len(shares))
    share = dict(zip((video.id for video in data.test), shares, strict=True))
    counts = [sum(share[name] > 0 for name in ids(fold.test)) for fold in folds]
    assert max(counts) - min(counts) <= 1
    for fold in folds:
        train, held, test = (frames(u) for u in (fold.train, fold.validation, fold.test))
        assert not train & held and not train & test and not held & test
        used = [share.get(name, 0) for name in ids(fold.train)]
        assert any(s > 0 for s in used) and any(s < 1 for s in used)


def test_by_video_says_what_is_missing():
    some = labelled(0.5, 0.5, 0.5)
    with pytest.raises(UserError, match="at least 2 labelled test clips; folder has 0"):
        make_folds(dataset([], [clip("test/01", 9)]), protocol="by_video")
    with pytest.raises(UserError, match="num_folds is 1"):
        make_folds(dataset([], some), protocol="by_video", num_folds=1)
    with pytest.raises(UserError, match="fold 0 has too few clips of at least 5 frames"):
        make_folds(dataset([], labelled(0, 0, 0)), protocol="by_video", length=5)
    folds = make_folds(dataset(normal(20), [*some, clip("test/04", 9)]), protocol="by_video")
    assert "1 unlabelled test clips are left out" in folds[0].warnings


@given(st.lists(st.sampled_from([0, 0.3, 0.6, 1]), min_size=4, max_size=60), st.integers(0, 9))
@settings(max_examples=60)
def test_70_15_15_is_by_whole_clips_and_alike_in_abnormal_share(shares, seed):
    clips = labelled(*shares)
    data = dataset(normal(20, 20), clips)
    if sum(shares) > 0:
        try:
            (fold,) = make_folds(data, protocol="by_video_70_15_15", length=4, seed=seed)
        except UserError as error:
            assert "one class only" in str(error)
            return
        held = max(1, round(0.15 * len(clips)))
        train, test = ids(fold.train), ids(fold.test)
        assert len(test) == len(ids(fold.validation)) == held
        assert sorted(train + test + ids(fold.validation)) == sorted(
            video.id for video in (*data.train, *clips)
        )
        assert fold.calibration == fold.validation
        share = {video.id: video.labels.mean() for video in clips}
        mean, tested = np.mean([*share.values()]), np.mean([share[name] for name in test])
        assert abs(mean - tested) <= 1 / held  # one clip of the other end in each stretch


def test_70_15_15_on_ped2_is_seeded_and_says_what_it_lacks():
    folds = [make_folds(ped2(), protocol="by_video_70_15_15", seed=s)[0] for s in (0, 0, 1)]
    assert folds[0] == folds[1] != folds[2]
    assert [len(ids(part)) for part in (folds[0].test, folds[0].validation)] == [2, 2]
    with pytest.raises(UserError, match="at least 4 labelled clips of 30 frames"):
        make_folds(dataset([], labelled(0, 0.5, 1, 1)), protocol="by_video_70_15_15", length=30)


def test_protocols_that_are_not_there():
    with pytest.raises(UserError, match="Did you mean 'one_class'"):
        make_folds(ped2(), protocol="one_clas")
    with pytest.raises(UserError, match=r"no split was published with folder"):
        make_folds(dataset(normal(50, 50, 50), labelled(0.5)), protocol="official")


def test_official_is_one_class_by_another_name():
    (official,) = make_folds(ped2(), protocol="official", length=16, seed=3)
    (own,) = make_folds(ped2(), protocol="one_class", length=16, seed=3)
    assert official.protocol == "official" and own.protocol == "one_class"
    for name in ("train", "validation", "calibration", "test", "warnings"):
        assert getattr(official, name) == getattr(own, name)
    with pytest.raises(UserError, match="holdout is 1"):
        make_folds(ped2(), protocol="one_class", holdout=1)
