"""Whether a clip is cut out of another: on real footage, at times alone, and in too few frames."""

import cv2
import numpy as np
import pytest

from tests.data.leakage.test_copy_search import clip, cropped
from vadjax.data.frames.content import measure_content
from vadjax.data.leakage.copy_search import find_copies
from vadjax.data.leakage.crop_place import Crop, adjusted, is_copy


@pytest.fixture(scope="module")
def footage(real_data):
    """Four training clips of UCSD Ped2, uint8 [t, h, w]."""
    folder = real_data / "data" / "ped2" / "training" / "frames"
    return {
        name: np.stack(
            [
                cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
                for path in sorted((folder / name).iterdir())
            ]
        )
        for name in ("03", "05", "06", "07")
    }


@pytest.mark.parametrize(
    ("name", "top", "left", "share"),
    [
        ("05", 0.03, 0.06, 0.9),
        ("06", 0.1, 0.07, 0.9),
        ("03", 0.2, 0.08, 0.8),
        ("06", 0.14, 0.02, 0.7),
    ],
)
def test_crops_of_real_footage(footage, name, top, left, share):
    frames = footage[name]
    height, width = frames.shape[1:]
    part = frames[
        :,
        round(top * height) : round((top + share) * height),
        round(left * width) : round((left + share) * width),
    ]
    part = np.stack([cv2.resize(frame, (width, height)) for frame in part])
    used = {each: measure_content(frames) for each, frames in footage.items()}
    [copy] = find_copies({"test": measure_content(part)}, used)
    assert (copy.kind, copy.other) == ("cropped", name)
    assert abs(copy.start - copy.other_start) <= 1 and copy.stop - copy.start >= len(frames) - 2


def rows_of(frames):
    return measure_content(frames), measure_content(cropped(frames))


def test_the_place_is_found_from_one_beside_it():
    whole, part = rows_of(clip(1, num_frames=100, walkers=9))
    crop = adjusted(part, whole, [-1, 0, 1], [(0.0, 0.0, 0.7), (0.2, 0.1, 0.8)])
    assert crop.offset == 0 and crop.frames == 100
    assert (crop.top, crop.left, crop.share) == pytest.approx((0.12, 0.07, 0.8), abs=0.04)
    assert crop.like > 0.9 and crop.detail > 0.7
    assert is_copy(part, whole, crop)


@pytest.mark.parametrize(
    ("frames", "like", "detail", "copy"),
    [
        (90, 0.8, 0.61, True),
        (90, 0.8, 0.59, False),
        (200, 0.7, 0.51, True),
        (200, 0.7, 0.49, False),
        (200, 0.97, 0.4, False),  # a lamp
        (200, 0.55, 0.9, False),
        (31, 0.9, 0.9, False),
    ],
)
def test_fewer_frames_must_be_more_alike(frames, like, detail, copy):
    whole, part = rows_of(clip(1, num_frames=200, walkers=9))
    crop = Crop(0, 0.12, 0.07, 0.8, like, detail, frames)
    assert is_copy(part[:frames], whole, crop) is copy


def test_what_repeats_is_no_copy():
    whole, part = rows_of(clip(1, num_frames=200, walkers=9))
    crop = Crop(0, 0.12, 0.07, 0.8, 0.9, 0.9, 200)
    assert is_copy(part, whole, crop)
    again = np.concatenate([whole[:40]] * 5), np.concatenate([part[:40]] * 5)
    assert not is_copy(again[1], again[0], crop)
