"""What `detect` opens and remarks; scoring itself is tested in test_end_to_end."""

import cv2
import numpy as np
import pytest

from tests.data import layouts
from vadjax.errors import UserError
from vadjax.pipeline import predict
from vadjax.storage import workdir


def names(*paths):
    return [video.id for video in predict._opened([str(path) for path in paths])]


def test_a_folder_of_clips_is_opened_as_its_clips(tmp_path):
    layouts.write_images(tmp_path / "week" / "monday", 3)
    layouts.write_images(tmp_path / "week" / "night" / "2", 2)
    layouts.write_video(tmp_path / "week" / "night" / "10.avi", 4)
    layouts.strew(tmp_path / "week")
    assert names(tmp_path / "week") == ["monday", "night/2", "night/10"]
    assert names(tmp_path / "week" / "monday") == ["monday"]
    assert names(tmp_path / "week" / "night" / "10.avi") == ["10"]
    videos = predict._opened([str(tmp_path / "week")])
    assert [len(v.frames) for v in videos] == [3, 2, 4]


def test_clips_of_one_name_are_told_apart_or_refused(tmp_path):
    for camera in ("a", "b"):
        layouts.write_images(tmp_path / camera / "1", 2)
    assert names(tmp_path / "a" / "1", tmp_path / "b" / "1") == ["1", "b/1"]
    with pytest.raises(UserError, match="two videos are called a/1"):
        names(*[tmp_path / "a" / "1"] * 3)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no images; wanted one file a frame"):
        names(tmp_path / "empty")


def test_frames_of_another_size_are_said(tmp_path):
    for name, shape in (("same", (24, 36)), ("half", (12, 18)), ("tall", (36, 24))):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "1.png"), np.zeros(shape, np.uint8))
    videos = predict._opened([str(tmp_path)])
    half, tall = predict._unlike(videos, [(24, 36)])
    assert half.startswith("half: frames of 18x12, the detector was trained on 36x24: things look")
    assert tall.startswith("tall: frames of 24x36") and "another shape of picture" in tall
    assert predict._unlike(videos, []) == []  # a run that noted no sizes


def test_a_run_notes_the_sizes_it_learnt_from(tmp_path):
    assert workdir.read_frame_sizes(tmp_path) == []
    sizes = [(24, 36), (24, 36), (12, 18)]
    workdir.claim(tmp_path, config={}, identity={}, data_dir="", videos={}, frame_sizes=sizes)
    assert workdir.read_frame_sizes(tmp_path) == [(12, 18), (24, 36)]
