import cv2
import numpy as np
import pytest
from PIL import Image

from tests.data import layouts
from vadjax import data
from vadjax.data.images.facts import BrokenImage
from vadjax.data.images.pages import Pages
from vadjax.data.indexing.find_clips import find_clips
from vadjax.data.indexing.probe import probe
from vadjax.errors import UserError

PICTURES = [layouts.picture(i) for i in range(12)]


def write_stack(path, pictures=PICTURES, **options):
    first, *others = map(Image.fromarray, pictures)
    first.save(path, save_all=True, append_images=others, **options)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tif", {"compression": "tiff_adobe_deflate", "big_tiff": True}),
        ("a.gif", {}),
        ("a.webp", {"lossless": True}),
        ("a.png", {}),
    ],
)
def test_pages_are_frames(tmp_path, name, options):
    path = write_stack(tmp_path / name, **options)
    before = path.read_bytes()
    video = data.open_video(path)
    assert len(video.frames) == 12 and video.frames.shape == (layouts.HEIGHT, layouts.WIDTH)
    found = np.stack(list(video.frames))
    found = found[..., 0] if found.ndim == 4 else found
    np.testing.assert_array_equal(found, PICTURES)
    for i in (7, 2, 11, 0, -1):
        frame = video.frames[i]
        np.testing.assert_array_equal(frame if frame.ndim == 2 else frame[..., 0], PICTURES[i])
    assert path.read_bytes() == before


def test_a_stack_of_16_bits_is_scaled_by_its_range(tmp_path):
    deep = [(1000 + 16 * p.astype(np.uint16)) for p in PICTURES]
    cv2.imwritemulti(str(tmp_path / "a.tif"), deep)
    frames = np.stack(list(data.open_video(tmp_path / "a.tif").frames))
    low, high = np.min(deep), np.max(deep)
    np.testing.assert_allclose(frames, (np.stack(deep) - low) * 255.0 / (high - low), atol=0.51)


def test_a_clip_is_cut_out_of_a_stack(tmp_path):
    [whole] = probe([write_stack(tmp_path / "a.tif")])
    clip = whole.cut(3, 9).cut(1, 4)
    np.testing.assert_array_equal(list(clip.frames()), PICTURES[4:7])
    np.testing.assert_array_equal(clip.frames()[2], PICTURES[6])


def test_stacks_of_a_folder_are_clips(tmp_path):
    for i in range(3):
        write_stack(tmp_path / "train" / f"{i}.tif") if i else (tmp_path / "train").mkdir()
    write_stack(tmp_path / "train" / "0.tif")
    assert list(find_clips(tmp_path).paths) == ["train/0", "train/1", "train/2"]
    layouts.write_images(tmp_path / "train", 1, first=9)
    with pytest.raises(UserError, match=r"holds stacks of pages, such as 0.tif, and single images"):
        find_clips(tmp_path)


def test_a_stack_among_frames_is_refused(tmp_path):
    layouts.write_images(tmp_path, 4)
    write_stack(tmp_path / "005.tif")
    with pytest.raises(UserError, match=r"005.tif is a stack of pages, among single images"):
        data.open_videos(tmp_path)


def test_animations_beside_videos_are_clips_and_single_pictures_are_not(tmp_path):
    layouts.write_video(tmp_path / "a.mp4", 4)
    write_stack(tmp_path / "b.gif")
    write_stack(tmp_path / "c.gif", PICTURES[:1])
    clips = find_clips(tmp_path)
    assert list(clips.paths) == ["a", "b"]
    assert list(clips.left_out.values()) == [["c.gif"]]


def test_thumbnails_are_no_pages(tmp_path):
    large, small = Image.fromarray(PICTURES[0]), Image.fromarray(PICTURES[0][::2, ::2])
    large.save(tmp_path / "a.tif", save_all=True, append_images=[small])
    assert len(Pages(tmp_path / "a.tif")) == 1


def test_a_chain_of_pages_that_runs_in_a_circle_ends(tmp_path):
    path = write_stack(tmp_path / "a.tif", PICTURES[:3])
    content = bytearray(path.read_bytes())
    places = Pages(path).facts.places
    count = int.from_bytes(content[places[2] : places[2] + 2], "little")
    end = places[2] + 2 + 12 * count
    content[end : end + 4] = places[1].to_bytes(4, "little")
    path.write_bytes(content)
    assert len(Pages(path)) == 3


@pytest.mark.parametrize("name", ["a.tif", "a.webp", "a.png"])
def test_a_cut_stack_is_an_error(tmp_path, name):
    path = write_stack(tmp_path / name)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match=rf"{name} cannot be read as a stack of pages: it is cut"):
        data.open_video(path)
    with pytest.raises(BrokenImage):
        Pages(path)


def test_a_single_image_is_no_clip(tmp_path):
    [path] = layouts.write_images(tmp_path, 1)
    with pytest.raises(UserError, match=r"001.tif is one image; give the folder that holds"):
        data.open_video(path)
