from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from tests.data import layouts
from vadjax.data.decoding.video_file import VideoFrames
from vadjax.data.frames.on_demand import ArrayFrames
from vadjax.data.images.frames import ImageFrames
from vadjax.data.video import Video
from vadjax.errors import UserError


@pytest.mark.parametrize("suffix", [".tif", ".png", ".bmp"])
def test_grey_images_stay_grey_and_exact(tmp_path, suffix):
    frames = ImageFrames(layouts.write_images(tmp_path, 5, suffix=suffix))
    assert (len(frames), frames.shape, frames.channels) == (5, (layouts.HEIGHT, layouts.WIDTH), 1)
    for i, frame in enumerate(frames):
        assert frame.dtype == np.uint8
        np.testing.assert_array_equal(frame, layouts.picture(i))
    np.testing.assert_array_equal(frames[-2], layouts.picture(3))


def test_colour_images_are_rgb(tmp_path):
    red_left = np.zeros((4, 6, 3), np.uint8)
    red_left[:, :3] = (250, 20, 10)  # RGB
    cv2.imwrite(str(tmp_path / "a.png"), red_left[..., ::-1])
    np.testing.assert_array_equal(ImageFrames([tmp_path / "a.png"])[0], red_left)
    grey = ImageFrames([tmp_path / "a.png"], channels=1)
    assert grey.channels == 1 and grey[0].shape == (4, 6)


def test_sixteen_bit_images_become_eight_bit(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 6), 0x8123, np.uint16))
    frame = ImageFrames([tmp_path / "a.png"])[0]
    assert frame.dtype == np.uint8 and (frame == 0x81).all()


def test_one_size_of_channels_for_a_mixed_clip(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), layouts.picture(0))
    cv2.imwrite(str(tmp_path / "1.png"), layouts.picture(1, colour=True))
    frames = ImageFrames([tmp_path / "0.png", tmp_path / "1.png"], channels=3)
    assert [frame.shape for frame in frames] == [(layouts.HEIGHT, layouts.WIDTH, 3)] * 2


def test_an_image_that_goes_away_is_named(tmp_path):
    paths = layouts.write_images(tmp_path, 3)
    frames = ImageFrames(paths)
    paths[1].unlink()
    with pytest.raises(UserError, match=r"002\.tif cannot be read as an image any more"):
        list(frames)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return layouts.write_video(tmp_path_factory.mktemp("video") / "a.mp4", 40)


def test_random_access_to_a_video_equals_sequential_reading(clip):
    frames = VideoFrames(clip, 40)
    in_order = list(frames)
    assert (len(in_order), frames.shape, frames.channels) == (40, (24, 36), 3)
    for i in [7, 7, 8, 3, 39, 0, -1, 20]:
        np.testing.assert_array_equal(frames[i], in_order[i])
    # Which frame it is can be read from its brightness; red comes first, blue last.
    means = np.array([frame.reshape(-1, 3).mean(0) for frame in in_order])
    wanted = np.array([layouts.picture(i, colour=True).reshape(-1, 3).mean(0) for i in range(40)])
    np.testing.assert_allclose(means, wanted[:, ::-1], atol=6)


def test_threads_read_one_video_at_once(clip):
    frames = VideoFrames(clip, 40)
    in_order = list(frames)
    order = np.random.default_rng(0).permutation(40)
    with ThreadPoolExecutor(4) as pool:
        for i, frame in zip(order, pool.map(lambda i: frames[i], order), strict=True):
            np.testing.assert_array_equal(frame, in_order[i])


def test_a_video_shorter_than_its_index_is_an_error(clip):
    frames = VideoFrames(clip, 41)
    for read in (lambda: list(frames), lambda: frames[40]):
        with pytest.raises(UserError, match="decoding stops before frame 40 of 41"):
            read()
    np.testing.assert_array_equal(frames[5], VideoFrames(clip, 40)[5])


def test_arrays_are_memory_mapped(tmp_path):
    array = np.random.default_rng(0).integers(0, 255, (6, 4, 5, 3), np.uint8)
    np.save(tmp_path / "a.npy", array)
    frames = ArrayFrames(tmp_path / "a.npy")
    np.testing.assert_array_equal(list(frames), array)
    np.testing.assert_array_equal(frames[-1], array[-1])
    assert (frames.shape, frames.channels) == ((4, 5), 3)
    with pytest.raises(IndexError, match="frame 6 of a video of 6 frames"):
        frames[6]


def test_labels_and_masks_are_as_many_as_frames(tmp_path):
    frames = ImageFrames(layouts.write_images(tmp_path, 3))
    Video(id="test/01", split="test", frames=frames, labels=np.zeros(3, np.uint8))
    with pytest.raises(UserError, match="test/01: labels for 4 frames, but the clip has 3"):
        Video(id="test/01", split="test", frames=frames, labels=np.zeros(4, np.uint8))
    with pytest.raises(UserError, match="test/01: masks for 2 frames, but the clip has 3"):
        Video(id="test/01", split="test", frames=frames, masks=[0, 0])
