"""The alarms of a page: in the order of severity, judged by the labels, each with what it has."""

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.report import alarm_list


def video(name: str, scores, **more) -> ScoredVideo:
    return ScoredVideo(name, np.array(scores, np.float32), fps=1.0, threshold=1.0, **more)


def test_the_highest_peak_of_all_videos_comes_first():
    views = [
        video("a", [0, 2, 0, 9], alarms=((1, 2), (3, 4))),
        video("b", [0, 0, 0, 0]),
        video("c", [5, 0, 5, 0], alarms=((0, 1), (2, 3))),
    ]
    found = alarm_list.ranked(views, {"c": [(2, b"jpeg")]})
    order = [(row["rank"], row["index"], row["peak"]) for row in found["rows"]]
    assert order == [(1, 0, 3), (2, 2, 0), (3, 2, 2), (4, 0, 1)]  # equal ones keep their order
    assert [bool(row["picture"]) for row in found["rows"]] == [False, False, True, False]
    assert found["total"] == 4 and not found["judged"]


def test_an_alarm_is_false_where_it_meets_no_event():
    labels = np.array([0, 1, 0, 1, 0, 0, 0, 0, 0, 1], np.uint8)
    # At 2 frames a second a single normal frame is no gap between two abnormal ones.
    one = video("a", np.ones(10), labels=labels, alarms=((0, 1), (2, 3), (4, 9), (8, 10)))
    one = ScoredVideo(**{**vars(one), "fps": 2.0})
    met = [row["met"] for row in alarm_list.alarms_of(one, ())]
    assert met == [False, True, False, True]


def test_more_alarms_than_a_page_holds_are_counted():
    count = 2 * (alarm_list.MAX_ROWS + 5)
    one = video("a", np.arange(count), alarms=tuple((n, n + 1) for n in range(0, count, 2)))
    found = alarm_list.ranked([one], {})
    assert (len(found["rows"]), found["total"]) == (alarm_list.MAX_ROWS, alarm_list.MAX_ROWS + 5)
    assert found["rows"][0]["score"] == count - 2
