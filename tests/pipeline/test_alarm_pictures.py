"""Which alarms get pictures, and of which frame."""

import types

import cv2
import numpy as np

from vadjax.data.scored_video import Finding, ScoredVideo
from vadjax.pipeline.alarm_pictures import with_pictures


def view(name, scores, frames, box=(4, 4, 8, 8)):
    findings = tuple(Finding(frame, "look", "odd", box) for frame in frames)
    alarms = tuple((frame, frame + 1) for frame in frames)
    return ScoredVideo(name, np.array(scores, np.float32), alarms=alarms, findings=findings)


def opened(*names):
    """Frame n of a video has grey level 20 n."""
    frames = [np.full((32, 32), 20 * number, np.uint8) for number in range(6)]
    return {name: types.SimpleNamespace(frames=frames) for name in names}


def levels(videos):
    return [
        [
            one.jpeg
            and round(cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).mean())
            for one in video.findings
        ]
        for video in videos
    ]


def test_the_strongest_alarms_of_all_videos_show_their_frame():
    videos = [view("a", [0, 3, 0, 9, 0, 1], [1, 3, 5]), view("b", [0, 0, 5, 0, 0, 0], [2])]
    assert levels(with_pictures(videos, opened("a", "b"))) == [[20, 60, 100], [40]]
    assert levels(with_pictures(videos, opened("a", "b"), count=2)) == [[None, 60, None], [40]]


def test_no_picture_where_there_is_no_box_or_no_video():
    videos = [view("a", [0, 3], [1], box=None), view("gone", [0, 3], [1]), view("b", [0, 3], [1])]
    found = with_pictures(videos, opened("a", "b"), count=1)
    assert levels(found) == [[None], [None], [20]]
    assert [video.id for video in found] == ["a", "gone", "b"]
    plain = ScoredVideo("c", np.zeros(2, np.float32), alarms=((0, 1),))
    assert with_pictures([plain], opened("c"))[0].findings == ()
