"""The last line of a run on videos without labels."""

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.report import finding

METRICS = {
    "threshold": {"rule": "quantile", "value": 1.0},
    "videos": [
        {"id": "test/monday", "alarms": [[10, 20]]},
        {"id": "test/thursday", "alarms": [[0, 5], [550, 570]]},
    ],
}


def video(name, peak, **more):
    scores = np.zeros(600, np.float32)
    scores[peak] = 2.0 + len(name) / 10
    return ScoredVideo(name, scores, **{"fps": 10.0, **more})


def test_the_strongest_alarm_is_named_by_its_time():
    videos = [video("test/monday", 12), video("test/thursday", 560)]
    wanted = "3 alarms, the strongest at 0:56 in test/thursday"
    assert finding.of_unlabelled(videos, METRICS) == wanted


def test_the_streams_own_times_are_used():
    times = np.arange(600) / 10.0
    times[300:] += 60
    [one] = [video("x", 560, times=times, alarms=((550, 570),))]
    assert finding.alarms([one], METRICS) == "1 alarm, the strongest at 1:56 in x"


def test_a_peak_outside_the_alarms_is_not_taken():
    one = video("x", 10, alarms=((100, 110),), fps=None)
    one.scores[105] = 1.5
    assert finding.alarms([one], METRICS) == "1 alarm, the strongest at frame 105 in x"


def test_without_alarms_the_highest_score_is_named():
    one = video("x", 30)
    assert finding.alarms([one], METRICS) == "no alarms; the highest score is at 0:03 in x"
    none = {"threshold": {"value": None, "values": [None]}}
    assert finding.alarms([one], none).startswith("no threshold, so no alarms; the highest")
    assert finding.alarms([], METRICS) == "no frame was scored"


def test_labelled_videos_have_figures_instead():
    one = video("x", 30, labels=np.zeros(600, np.uint8))
    assert finding.of_unlabelled([one], METRICS) == ""
