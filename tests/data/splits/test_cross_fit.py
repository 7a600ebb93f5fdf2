"""Blocks of a cross-fit: every clip is held out once, from a training that has not seen it."""

import pytest

from vadjax.data.splits.cross_fit import FEW_CLIPS, cross_folds, needs_cross_fit
from vadjax.data.splits.units import Fold, Segment, Units


def fold(num_train, num_validation, num_calibration, length=50, short=0):
    clips = [
        Segment(f"train/{n:02d}", 0, 5 if n < short else length)
        for n in range(num_train + num_validation + num_calibration)
    ]
    train = Units(tuple(clips[:num_train]))
    validation = Units(tuple(clips[num_train : num_train + num_validation]))
    calibration = Units(tuple(clips[num_train + num_validation :]))
    test = Units((Segment("test/01", 0, length),))
    return Fold(0, train, validation, calibration if num_calibration else validation, test)


@pytest.mark.parametrize("case", [(13, 1, 2), (7, 2, 0), (2, 1, 0), (20, 3, 4)])
def test_every_clip_is_held_out_once_and_seen_by_no_part_of_its_training(case):
    one = fold(*case)
    clips = {s.video_id for u in (one.train, one.validation, one.calibration) for s in u.segments}
    blocks = cross_folds(one, num_blocks=5, fewest=16, seed=0)
    assert len(blocks) == min(5, len(clips))
    held = [s.video_id for block in blocks for s in block.calibration.segments]
    assert sorted(held) == sorted(clips)
    for block in blocks:
        parts = [
            {s.video_id for s in units.segments}
            for units in (block.train, block.validation, block.calibration)
        ]
        assert all(parts) and set.union(*parts) == clips
        assert sum(map(len, parts)) == len(clips)  # no clip in two parts
        assert not len(block.test)
        if case[2]:
            assert len(parts[1]) == case[1]  # as many for early stopping as the run has


@pytest.mark.parametrize("num_blocks", range(2, 8))
@pytest.mark.parametrize("clips", [(2, 1, 0), (1, 1, 1), (3, 1, 0), (2, 1, 1), (4, 2, 0)])
@pytest.mark.parametrize("short", [0, 1])
def test_each_training_has_clips_to_learn_from_and_to_stop_by(clips, num_blocks, short):
    usable = sum(clips) - short
    blocks = cross_folds(fold(*clips, short=short), num_blocks=num_blocks, fewest=16, seed=0)
    assert bool(blocks) == (usable >= 3)
    for block in blocks:
        for units in (block.train, block.validation, block.calibration):
            assert any(len(segment) >= 16 for segment in units.segments)


def test_short_clips_are_trained_on_and_never_held_out():
    blocks = cross_folds(fold(6, 1, 2, short=2), num_blocks=3, fewest=16, seed=0)
    for block in blocks:
        assert {"train/00", "train/01"} <= {s.video_id for s in block.train.segments}


def test_other_seeds_draw_other_blocks():
    draw = {
        tuple(s.video_id for s in cross_folds(fold(8, 1, 1), **asked, seed=seed)[0].train.segments)
        for seed in range(4)
        for asked in [{"num_blocks": 5, "fewest": 16}]
    }
    assert len(draw) > 1


def test_where_it_is_not_needed_or_not_possible():
    assert needs_cross_fit(fold(13, 1, 2))
    assert not needs_cross_fit(fold(80, 4, FEW_CLIPS))
    assert cross_folds(fold(1, 1, 0), num_blocks=5, fewest=16, seed=0) == ()
    one = fold(3, 1, 0)
    tail = Units((Segment("train/00", 40, 50),))  # the end of a clip whose beginning is trained on
    cut = Fold(0, one.train, tail, tail, one.test)
    assert cross_folds(cut, num_blocks=5, fewest=4, seed=0) == ()
