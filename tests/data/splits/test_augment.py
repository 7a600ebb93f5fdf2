"""Altered copies of training clips: what they show, who gets them, what the audit says."""

import dataclasses

import numpy as np
import pytest

from vadjax.data.frames.on_demand import Frames
from vadjax.data.leakage.audit_folds import audit_folds
from vadjax.data.splits import augment
from vadjax.data.splits.folds import make_folds
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError

ALL = tuple(augment.CHANGES)


class Held(Frames):
    """Frames in memory."""

    def __init__(self, pixels):
        super().__init__(len(pixels), size=pixels.shape[1:3])
        self.pixels = pixels

    def _read(self, index):
        return self.pixels[index]


def clip(number, labels):
    split, name = (
        ("test", f"test/{number:02d}") if any(labels) else ("train", f"train/{number:02d}")
    )
    pixels = np.random.default_rng(number).integers(0, 256, (len(labels), 6, 8, 3), dtype=np.uint8)
    return Video(
        name,
        split,
        Held(pixels),
        fps=25.0,
        labels=np.array(labels, np.uint8),
        fingerprint=name,
    )


@pytest.fixture
def dataset():
    """Four normal clips of the training side, five mixed ones of the test side."""
    train = tuple(clip(n, [0] * 12) for n in range(4))
    test = tuple(clip(n, [0] * (4 + n) + [1] * (8 - n)) for n in range(5))
    return Dataset("x", "official", None, train, test)


def test_a_copy_shows_the_clip_altered(dataset):
    source = dataset.test[0]
    copies = {c.metadata["augmentation"]: c for c in augment.copies_of_clips([source], ALL)}
    assert set(copies) == set(ALL)
    pixels = np.stack(list(source.frames)).astype(float)
    shown = {name: np.stack(list(copy.frames)).astype(float) for name, copy in copies.items()}
    np.testing.assert_array_equal(shown["flip"], pixels[:, :, ::-1])
    light = min(augment.LIGHT, key=lambda f: abs(shown["brightness"][0] - pixels[0] * f).sum())
    np.testing.assert_allclose(shown["brightness"], np.clip(pixels * light, 0, 255), atol=0.5)
    for frame, own in zip(shown["contrast"], pixels, strict=True):
        # A line through the frame's mean, but where it is cut off.
        inside = (frame > 0) & (frame < 255)
        slope, at_zero = np.polyfit(own[inside], frame[inside], 1)
        assert min(abs(slope - f) for f in augment.LIGHT) < 0.01
        assert at_zero == pytest.approx(own.mean() * (1 - slope), abs=1)
    change = (shown["noise"] - pixels)[(pixels > 40) & (pixels < 215)]
    assert abs(change.mean()) < 1 and 1.5 < change.std() < 8.5
    assert shown["blur"].std() < pixels.std()
    for name, copy in copies.items():
        np.testing.assert_array_equal(copy.frames[3], list(copy.frames)[3])
        np.testing.assert_array_equal(copy.labels, source.labels)
        assert copy.fps == 25.0 and copy.metadata["source_id"] == source.id
        assert copy.fingerprint != source.fingerprint and copy.id == f"{source.id}~{name}"


def test_masks_are_mirrored_with_the_frames(dataset):
    from vadjax.data.labels.masks import Masks

    class Corner(Masks):
        def _read(self, index):
            return np.eye(6, 8, k=index)

    source = dataclasses.replace(dataset.test[0], masks=Corner(12))
    flip, bright = augment.copies_of_clips([source], ("flip", "brightness"))
    np.testing.assert_array_equal(flip.masks[2], np.eye(6, 8, k=2)[:, ::-1])
    np.testing.assert_array_equal(list(flip.masks)[2], flip.masks[2])
    np.testing.assert_array_equal(bright.masks[2], np.eye(6, 8, k=2))


@pytest.mark.parametrize("protocol", ["one_class", "by_video"])
def test_training_clips_alone_get_copies_and_the_audit_is_clean(dataset, protocol):
    folds = make_folds(dataset, protocol=protocol, num_folds=4, length=3)
    own = [*dataset.train, *dataset.test]
    known = {video.id: video for video in own}
    trained = augment.trained_clips(folds)
    copies = augment.copies_of_clips([known[name] for name in trained], ("flip", "noise"))
    for fold in folds:
        full = augment.with_copies(fold, copies)
        train = {s.video_id for s in fold.train.segments}
        added = {s.video_id for s in full.train.segments} - train
        assert added == {f"{name}~{how}" for name in train for how in ("flip", "noise")}
        for kind in ("validation", "calibration", "test"):
            assert getattr(full, kind) == getattr(fold, kind)
        assert not {name.partition("~")[0] for name in added} & {
            s.video_id for s in fold.test.segments
        }
    full = [augment.with_copies(fold, copies) for fold in folds]
    found = audit_folds(full, [*own, *copies], length=3)
    assert found["verdict"] == "clean" and found["augmented"] == 0 and not found["statistic"]


def test_a_copy_of_a_tested_clip_is_refused(dataset):
    (fold, *_) = make_folds(dataset, protocol="by_video", num_folds=4, length=3)
    tested = fold.test.segments[0].video_id
    source = next(v for v in dataset.test if v.id == tested)
    copies = augment.copies_of_clips([source], ("flip",))
    segments = (*fold.train.segments, Segment(copies[0].id, 0, 12))
    leaky = dataclasses.replace(fold, train=Units(segments))
    with pytest.raises(UserError, match="allows no leak"):
        audit_folds([leaky], [*dataset.train, *dataset.test, *copies], length=3)


def test_classes_that_are_not_copied_alike_are_named(dataset):
    """Two clips of 12 frames, 8 + 4 and 7 + 5 abnormal: copies of the second alone."""
    first, second = dataset.test[:2]
    (copy,) = augment.copies_of_clips([second], ("flip",))
    units = Units(tuple(Segment(v.id, 0, 12) for v in (first, second, copy)))
    text = augment.uneven(units, [first, second, copy])
    normal, abnormal = 5 / (4 + 5), 7 / (8 + 7)
    assert text == (
        f"a normal frame has {normal:.2f} altered copies, an abnormal one {abnormal:.2f}"
    )
    both = augment.copies_of_clips([first, second], ("flip",))
    units = Units(tuple(Segment(v.id, 0, 12) for v in (first, second, *both)))
    assert augment.uneven(units, [first, second, *both]) == ""


def test_names():
    assert augment.names_of("flip,brightness") == augment.names_of("flip+brightness,flip")
    assert augment.names_of("rahmani_compat") == ("rahmani_compat",)
    with pytest.raises(UserError, match=r"'flop' unknown.*Did you mean 'flip'"):
        augment.names_of("flop")
    with pytest.raises(UserError, match="rahmani_compat stands alone"):
        augment.names_of("flip,rahmani_compat")
