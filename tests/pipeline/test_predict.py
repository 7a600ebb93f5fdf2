"""What `detect` opens and remarks; scoring itself is tested in test_end_to_end."""

import cv2
import numpy as np

from vadjax.pipeline import predict
from vadjax.pipeline.given_videos import open_given
from vadjax.storage import workdir


def test_frames_of_another_size_are_said(tmp_path):
    for name, shape in (("same", (24, 36)), ("half", (12, 18)), ("tall", (36, 24))):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "1.png"), np.zeros(shape, np.uint8))
    videos = open_given([str(tmp_path)])[0]
    half, tall = predict._unlike(videos, [(24, 36)])
    assert half.startswith("half: frames of 18x12, the detector was trained on 36x24: things look")
    assert tall.startswith("tall: frames of 24x36") and "another shape of picture" in tall
    assert predict._unlike(videos, []) == []  # a run that noted no sizes


def test_a_run_notes_the_sizes_it_learnt_from(tmp_path):
    assert workdir.read_frame_sizes(tmp_path) == []
    sizes = [(24, 36), (24, 36), (12, 18)]
    workdir.claim(tmp_path, config={}, identity={}, data_dir="", videos={}, frame_sizes=sizes)
    assert workdir.read_frame_sizes(tmp_path) == [(12, 18), (24, 36)]
