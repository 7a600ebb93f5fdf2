"""Videos to stored rows, against measuring frame by frame without a store."""

import dataclasses

import numpy as np
import pytest

from tests import drawn
from vadjax.errors import UserError
from vadjax.features.motion import MotionMeter
from vadjax.features.scene import extract
from vadjax.storage.features import FeatureStore

CAMERA = drawn.reference(drawn.backdrop(), body=24)


def walk(number, speed=2.0, y=40):
    body = drawn.texture(24, 12)
    return [drawn.put(drawn.backdrop(), body, 5 + speed * k, y) for k in range(number)]


def stores_in(folder):
    return {name: FeatureStore(folder, {"rows": name}) for name in extract.INPUTS}


def measure(videos, stores, **more):
    options = {"reference": CAMERA, "looks": drawn.Means(), "stores": stores}
    return extract.measure_scene(videos, **options, **more)


def assert_rows(stores, video, frames, fps):
    for name, rows in drawn.measured(frames, CAMERA, fps).items():
        np.testing.assert_array_equal(stores[name].read(video), rows)


@pytest.mark.parametrize("chunk", [4, 64])
def test_rows_are_those_of_each_frame_however_many_are_embedded_at_a_time(
    chunk, tmp_path, monkeypatch
):
    monkeypatch.setattr(extract, "CHUNK", chunk)
    videos = [drawn.video("train/a", walk(10)), drawn.video("train/b", [drawn.backdrop()] * 3)]
    stores, seen = stores_in(tmp_path), []
    done = measure(videos, stores, report=seen.append)
    assert done["frames"] == 13 and seen[-1] == {"frames": 13, "total": 13}
    for video in videos:
        assert_rows(stores, video, [*video.frames], 10.0)
    assert np.isnan(stores["windows"].read(videos[1])).all()  # nothing moves there
    assert measure(videos, stores)["frames"] == 0  # all is there


def test_motion_is_measured_on_the_way(tmp_path):
    video, stores = drawn.video("train/a", walk(5)), stores_in(tmp_path)
    measure([video], stores)
    motion, meter = FeatureStore(tmp_path, {"motion": 1}), MotionMeter()
    assert measure([video], stores, motion_store=motion)["frames"] == 5
    for frame in video.frames:
        meter.update(frame)
    np.testing.assert_array_equal(motion.read(video), meter.rows())


def test_rows_are_measured_at_the_rate_of_the_video_or_the_usual_one(tmp_path):
    """And anew where a video that says no rate is given one: seconds of stillness depend on it."""
    still = [drawn.put(drawn.backdrop(), drawn.texture(24, 12), 40, 40)] * 8
    known, unknown = (drawn.video(f"test/{fps}", still, fps=fps) for fps in (25.0, None))
    stores = stores_in(tmp_path)
    measure([known, unknown], stores, fps=5.0)
    assert_rows(stores, known, still, 25.0)
    assert_rows(stores, unknown, still, 5.0)
    assert measure([known, unknown], stores, fps=5.0)["frames"] == 0
    told = dataclasses.replace(unknown, fps=2.0)
    assert measure([known, told], stores, fps=5.0)["frames"] == 8
    assert_rows(stores, told, still, 2.0)


def test_the_usual_rate_is_the_median_of_those_that_are_known():
    rates = [None, 10.0, 25.0, 30.0, None]
    videos = [drawn.video(f"train/{n}", walk(1), fps=fps) for n, fps in enumerate(rates)]
    assert extract.usual_fps(videos) == 25.0
    assert extract.usual_fps(videos[:1]) == extract.FPS


def test_a_video_of_another_size_is_refused_by_name_and_not_stored(tmp_path):
    other = drawn.video("test/odd", [np.zeros((48, 64), np.uint8)] * 2)
    stores = stores_in(tmp_path)
    with pytest.raises(UserError, match=r"test/odd: a frame of 64x48.*128x96"):
        measure([other], stores)
    assert not stores["cells"].holds(other)
