import tracemalloc

import cv2
import numpy as np
import pytest

from tests.data import encoded, layouts
from vadjax import data
from vadjax.data.arrays import spill
from vadjax.data.frames.content import measure_content
from vadjax.data.indexing.probe import probe
from vadjax.errors import UserError


def cut(path, share=0.6):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@pytest.mark.parametrize("suffix", [".tif", ".jpg", ".png", ".bmp"])
def test_single_broken_images_show_their_neighbour(tmp_path, suffix):
    paths = layouts.write_images(tmp_path, 8, suffix=suffix)
    whole = list(data.open_video(tmp_path).frames)
    cut(paths[0])
    cut(paths[5])
    paths[6].write_bytes(b"")
    video = data.open_video(tmp_path)
    assert video.substituted == (0, 5, 6)
    wanted = [whole[i] for i in (1, 1, 2, 3, 4, 4, 7, 7)]
    np.testing.assert_array_equal(list(video.frames), wanted)
    assert probe([tmp_path])[0].num_frames == 8


def test_broken_runs_and_majorities_are_errors(tmp_path):
    paths = layouts.write_images(tmp_path, 8)
    for path in paths[2:5]:
        cut(path)
    with pytest.raises(UserError, match=r"3 of 8 images cannot be read \(004\.tif and others\)"):
        probe([tmp_path])
    paths = layouts.write_images(tmp_path, 3)
    for path in tmp_path.iterdir():
        if path not in paths[:1]:
            cut(path)
    with pytest.raises(UserError, match="7 of 8 images cannot be read"):
        probe([tmp_path])


def test_lfs_pointers_are_recognised_by_content(tmp_path):
    paths = layouts.write_images(tmp_path / "clip", 4)
    paths[2].write_bytes(layouts.LFS_POINTER)
    video = tmp_path / "a.avi"
    video.write_bytes(layouts.LFS_POINTER)
    for clip, name in ((tmp_path / "clip", "003.tif"), (video, "a.avi")):
        with pytest.raises(UserError, match=f"{name} is a Git-LFS pointer: .*git lfs pull"):
            data.open_video(clip)


def test_all_faulty_clips_are_named_at_once(tmp_path):
    for i in range(10):
        (tmp_path / f"{i}.avi").touch()
    with pytest.raises(UserError) as caught:
        probe([tmp_path / f"{i}.avi" for i in range(10)])
    lines = str(caught.value).splitlines()
    assert [f"{i}.avi (0 bytes)" in line for i, line in enumerate(lines[:8])] == [True] * 8
    assert lines[8:] == ["... and 2 more clips"]


def test_frames_of_several_sizes_are_refused(tmp_path):
    layouts.write_images(tmp_path, 3)
    cv2.imwrite(str(tmp_path / "002.tif"), np.zeros((10, 12), np.uint8))
    with pytest.raises(UserError, match=r"of one size; 002.tif is 12x10, 003.tif is 36x24"):
        probe([tmp_path])


def test_a_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match=r"holds no images; .* holds notes\.txt"):
        data.open_video(tmp_path)


def test_colour_anywhere_makes_a_clip_colour(tmp_path):
    layouts.write_images(tmp_path, 3, suffix=".png")
    cv2.imwrite(str(tmp_path / "002.png"), layouts.picture(1, colour=True))
    video = data.open_video(tmp_path)
    assert video.frames.channels == 3
    assert {frame.shape for frame in video.frames} == {(24, 36, 3)}


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_videos_are_counted_by_decoding(tmp_path, suffix):
    path = layouts.write_video(tmp_path / f"door{suffix}", 30, fps=12.5)
    [footage] = probe([path])
    assert (footage.num_frames, footage.announced, footage.fps) == (30, 30, 12.5)
    assert (footage.height, footage.width, footage.channels) == (24, 36, 3)
    video = data.open_video(path)
    assert (video.id, video.split, video.labels, video.fps) == ("test/door", "test", None, 12.5)
    assert len(list(video.frames)) == len(video.frames) == 30
    assert video.fingerprint and not video.fps_assumed


def test_a_cut_video_keeps_what_can_be_decoded(tmp_path):
    path = layouts.write_video(tmp_path / "a.avi", 30)
    cut(path)
    [footage] = probe([path])
    assert footage.announced == 30
    assert 0 < footage.num_frames < 25
    assert len(list(footage.frames())) == footage.num_frames


def test_what_is_no_video(tmp_path):
    path = layouts.write_video(tmp_path / "a.mp4", 30)
    cut(path)  # an mp4 keeps its table at the end
    (tmp_path / "b.avi").write_text("not a video")
    (tmp_path / "c.avi").touch()
    for name, size in (("a.mp4", path.stat().st_size), ("b.avi", 11), ("c.avi", 0)):
        with pytest.raises(UserError, match=rf"{name} \({size} bytes\) cannot be decoded"):
            data.open_video(tmp_path / name)


def test_a_clip_that_is_not_there_has_a_closest_match(tmp_path):
    layouts.write_video(tmp_path / "door.avi", 2)
    with pytest.raises(UserError, match=r"doors.avi does not exist. Did you mean .*/door.avi\?"):
        data.open_video(tmp_path / "doors.avi")


@pytest.mark.parametrize("kind", ["video", "images"])
def test_one_file_that_holds_several_clips_is_cut(tmp_path, kind):
    path = tmp_path / "all.avi"
    if kind == "video":
        layouts.write_video(path, 20)
    else:
        path = tmp_path / "all"
        layouts.write_images(path, 20)
        (path / "008.tif").write_bytes(b"no image")
    [whole] = probe([path])
    clip = whole.cut(5, 12)
    inner = clip.cut(2, 4)
    frames = list(whole.frames())
    np.testing.assert_array_equal(list(clip.frames()), frames[5:12])
    np.testing.assert_array_equal(list(inner.frames()), frames[7:9])
    np.testing.assert_array_equal(clip.frames()[4], frames[9])
    np.testing.assert_array_equal(clip.frames()[1], frames[6])
    assert clip.substituted == ((2,) if kind == "images" else ())
    assert len({whole.fingerprint, clip.fingerprint, whole.cut(5, 11).fingerprint}) == 3
    for start, stop in ((-1, 3), (3, 3), (15, 21)):
        with pytest.raises(UserError, match="but 20 can be decoded"):
            whole.cut(start, stop)


def test_what_is_kept_of_a_long_video_is_a_few_bytes_a_frame(tmp_path, monkeypatch):
    """By the difference of two lengths; 264 bytes a frame lie on disk."""
    monkeypatch.setattr(spill, "BLOCK_BYTES", 4096)
    peaks = []
    for count in (200, 2200):
        path = encoded.encode(tmp_path / f"{count}.mkv", np.arange(count) * 40)
        tracemalloc.start()
        [footage] = probe([path])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        wanted = measure_content(footage.frames())
        assert np.asarray(footage.content).tobytes() == wanted.tobytes()
    assert (peaks[1] - peaks[0]) / 2000 < 80, peaks
