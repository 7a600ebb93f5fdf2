"""What `detect` opens, and how it calls two clips of one name."""

import os

import pytest

from tests.data import layouts
from vadjax.errors import UserError
from vadjax.pipeline.given_videos import open_given


def names(*paths):
    return [video.id for video in open_given([str(path) for path in paths])[0]]


def test_a_folder_of_clips_is_opened_as_its_clips(tmp_path):
    layouts.write_images(tmp_path / "week" / "monday", 3)
    layouts.write_images(tmp_path / "week" / "night" / "2", 2)
    layouts.write_video(tmp_path / "week" / "night" / "10.avi", 4)
    layouts.strew(tmp_path / "week")
    assert names(tmp_path / "week") == ["monday", "night/2", "night/10"]
    assert names(tmp_path / "week" / "monday") == ["monday"]
    assert names(tmp_path / "week" / "night" / "10.avi") == ["10"]
    videos, notes = open_given([str(tmp_path / "week")])
    assert [len(v.frames) for v in videos] == [3, 2, 4] and not notes


def test_clips_of_one_name_are_told_apart(tmp_path):
    for place in ("a", "b", "c/a"):
        layouts.write_images(tmp_path / place / "1", 2)
    assert names(*(tmp_path / place / "1" for place in ("a", "b", "c/a"))) == ["1", "b/1", "a/1"]
    again = tmp_path / "d" / "c" / "a" / "1"
    layouts.write_images(again, 2)
    found = names(*(tmp_path / place / "1" for place in ("a", "b", "c/a", "d/c/a")))
    assert found == ["1", "b/1", "a/1", "c/a/1"]


def test_files_of_one_stem_and_folders_of_one_name_are_told_apart(tmp_path):
    for name in ("x.avi", "x.mp4", "cam1/y.avi", "cam2/y.avi"):
        layouts.write_video(tmp_path / name, 3)
    videos, notes = open_given([str(tmp_path / "x.avi"), str(tmp_path / "x.mp4")])
    assert [video.id for video in videos] == ["x", "x.mp4"]
    assert notes == [f"{tmp_path / 'x.mp4'}: another video is called x; this one is x.mp4"]
    assert names(tmp_path / "cam1", tmp_path / "cam2") == ["y", "cam2/y"]


def test_a_video_that_is_given_twice_is_scored_once_and_that_is_said(tmp_path):
    path = layouts.write_video(tmp_path / "a" / "x.avi", 3)
    os.symlink(path, tmp_path / "link.avi")
    for other in (path, tmp_path / "a", tmp_path / "link.avi"):
        videos, notes = open_given([str(path), str(other)])
        assert [video.id for video in videos] == ["x"]
        assert notes == [f"{other}: x is given twice; it is used once"]


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no images"):
        names(tmp_path / "empty")


def test_broken_videos_are_left_out_and_counted(tmp_path):
    import cv2
    import numpy as np

    (tmp_path / "good").mkdir()
    for n in range(3):
        cv2.imwrite(str(tmp_path / f"good/{n}.png"), np.full((8, 8, 3), 20 * n, np.uint8))
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match=r"bad\.mp4"):
        open_given([str(tmp_path / "good"), str(tmp_path / "bad.mp4")])
    videos, notes = open_given(
        [str(tmp_path / "good"), str(tmp_path / "bad.mp4")], skip_broken=True
    )
    assert [video.id for video in videos] == ["good"]
    assert "bad.mp4" in notes[0] and notes[-1] == "1 of 2 videos are left out"
    with pytest.raises(UserError, match="no video is left"):
        open_given([str(tmp_path / "bad.mp4")], skip_broken=True)
