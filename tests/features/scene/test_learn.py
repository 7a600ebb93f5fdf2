"""The reference of a run's clips: from evenly spaced frames, learnt once."""

import numpy as np
import pytest

from tests import drawn
from vadjax.data.splits.units import Segment
from vadjax.errors import UserError
from vadjax.features.scene import learn
from vadjax.features.scene import reference as references


def clip(name, number, value):
    """Frames of one grey level each, so that one knows which were read."""
    return drawn.video(name, [np.full((48, 64), value + k, np.uint8) for k in range(number)])


def whole(videos):
    """Videos by id, and a segment of each."""
    segments = [Segment(video.id, 0, len(video.frames)) for video in videos]
    return {video.id: video for video in videos}, segments


def spread(videos, count):
    return learn._spread([(video, 0, len(video.frames)) for video in videos], count)


def test_frames_are_evenly_spaced_over_all_clips():
    videos = [clip("train/a", 30, 0), clip("train/b", 10, 100)]
    levels = [int(frame[0, 0]) for frame in spread(videos, 8)]
    assert levels == [0, 5, 10, 15, 20, 25, 100, 105]
    assert len([*spread(videos, 99)]) == 40
    parts = [(videos[0], 20, 25), (videos[1], 9, 10)]
    assert [int(frame[0, 0]) for frame in learn._spread(parts, 6)] == [20, 21, 22, 23, 24, 109]


def test_frames_outside_of_the_segments_do_not_count(tmp_path):
    """They may be those that a threshold is calibrated on."""
    video = clip("train/a", 40, 0)
    found = learn.learn_reference({video.id: video}, [Segment(video.id, 0, 20)], folder=tmp_path)
    assert np.median(found.background) == 9.5
    other = learn.learn_reference({video.id: video}, [Segment(video.id, 0, 40)], folder=tmp_path)
    assert np.median(other.background) == 19.5


def test_it_is_learnt_of_these_frames_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(references, "NUM_FRAMES", 10)
    videos = [clip("train/a", 30, 0), clip("train/b", 10, 100)]
    found = learn.learn_reference(*whole(videos), folder=tmp_path)
    wanted = references.fit_reference(spread(videos, 10))
    assert found.fingerprint == wanted.fingerprint
    monkeypatch.setattr(references, "fit_reference", None)  # it is not called again
    again = learn.learn_reference(*whole(videos), folder=tmp_path)
    assert again.fingerprint == found.fingerprint
    [path] = tmp_path.iterdir()
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match="is damaged"):
        learn.learn_reference(*whole(videos), folder=tmp_path)


def test_other_clips_have_another_reference(tmp_path):
    learn.learn_reference(*whole([clip("train/a", 5, 0)]), folder=tmp_path)
    learn.learn_reference(*whole([clip("train/b", 5, 50)]), folder=tmp_path)
    assert len([*tmp_path.iterdir()]) == 2


def test_clips_of_several_cameras_are_refused_by_name(tmp_path):
    other = drawn.video("train/b", [np.zeros((96, 128), np.uint8)] * 3)
    with pytest.raises(UserError, match=r"train/a \(64x48\), train/b \(128x96\)"):
        learn.learn_reference(*whole([clip("train/a", 5, 0), other]), folder=tmp_path)
    assert not [*tmp_path.iterdir()]
