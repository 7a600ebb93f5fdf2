"""Copies that were changed in two ways, each found with its frames."""

import numpy as np
import pytest

from tests.data.leakage.test_copy_search import clip, cropped, encoded, found, negative
from vadjax.data.leakage.variants import variants


def mirrored(frames):
    return frames[:, :, ::-1]


def brighter(frames):
    return np.clip(frames * 1.2 + 15, 0, 255).astype(np.uint8)


def slower(frames):
    return np.repeat(frames, 2, 0)


@pytest.mark.parametrize(
    ("kind", "alter", "speed"),
    [
        ("mirrored, negative", lambda frames: mirrored(negative(frames)), 1.0),
        ("mirrored, sped up", lambda frames: mirrored(frames)[::2], 2.0),
        ("turned, slowed down", lambda frames: slower(frames[:, ::-1, ::-1]), 0.5),
        ("negative, sped up", lambda frames: negative(frames)[::2], 2.0),
        ("sped up", lambda frames: brighter(frames)[::2], 2.0),
        ("mirrored", lambda frames: mirrored(brighter(frames)), 1.0),
    ],
)
def test_both_changes_are_named(kind, alter, speed):
    frames = clip(1, num_frames=120)
    [copy] = found(np.ascontiguousarray(alter(frames)), a=clip(2), b=frames)
    assert (copy.kind, copy.other, copy.speed) == (kind, "b", speed)
    assert (copy.start, copy.other_start) == (0, 0) and copy.score > 0.9
    at = copy.others()
    assert len(at) >= 0.9 * 120 / speed
    assert np.abs(at - np.arange(len(at)) * speed).max() <= 1


@pytest.mark.parametrize(
    ("kind", "alter", "speed"),
    [
        ("mirrored, backwards", lambda frames: mirrored(frames)[::-1], -1.0),
        ("backwards, sped up", lambda frames: frames[::-2], -2.0),
        ("backwards, slowed down", lambda frames: slower(frames[::-1]), -0.5),
    ],
)
def test_backwards_and_more(kind, alter, speed):
    frames = clip(1, num_frames=120)
    [copy] = found(np.ascontiguousarray(alter(frames)), a=clip(2), b=frames)
    assert (copy.kind, copy.speed) == (kind, speed)
    truth = 119 + speed * np.arange(copy.start, copy.stop)
    assert copy.stop - copy.start >= 0.9 * 120 / abs(speed)
    assert np.abs(copy.others() - truth).max() <= 1


def test_a_copy_that_was_encoded_again_too(tmp_path):
    frames = clip(1, num_frames=120)
    again = encoded(np.ascontiguousarray(mirrored(frames)), tmp_path, "libx264", crf="28")
    [copy] = found(again, a=clip(2), b=frames)
    assert copy.kind == "mirrored" and copy.stop - copy.start >= 100


@pytest.mark.parametrize(
    ("kind", "alter"),
    [
        ("mirrored, cropped", mirrored),
        ("upside down, cropped", lambda frames: frames[:, ::-1]),
        ("negative, cropped", negative),
        ("cropped", brighter),
    ],
)
def test_a_crop_that_was_changed_in_either_direction(kind, alter):
    frames = clip(1, num_frames=120, walkers=9)
    part = cropped(np.ascontiguousarray(alter(frames)))
    [copy] = found(part[10:], a=clip(2), b=frames)
    assert (copy.kind, copy.other) == (kind, "b")
    assert abs(copy.other_start - copy.start - 10) <= 2 and copy.stop - copy.start >= 100
    [copy] = found(frames, a=clip(2), b=part[10:])
    assert copy.kind == kind and abs(copy.start - copy.other_start - 10) <= 2


def test_each_pair_of_changes_is_there_once():
    kinds = [(one.kind, one.speed) for one in variants()]
    assert len(set(kinds)) == len(kinds)
    assert [one.pace for one in variants()] == sorted(one.pace for one in variants())
    names = {kind for kind, _ in kinds}
    assert {"mirrored", "mirrored, sped up", "turned, negative", "backwards, sped up"} <= names
    assert all(kind.count(",") < 2 and "plain" not in kind for kind in names)
