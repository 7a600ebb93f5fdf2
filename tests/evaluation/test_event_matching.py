"""Matches of events and alarms against the largest matching of the graph, and hand cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from vadjax.evaluation.event_matching import LEVELS, count_matched, matching_part


def intervals(*pairs):
    return np.array(pairs, np.int64).reshape(-1, 2)


@st.composite
def disjoint(draw):
    """Intervals in order and apart, among them none."""
    edges = draw(st.lists(st.integers(0, 40), max_size=14, unique=True))
    edges = sorted(edges)[: len(edges) // 2 * 2]
    return intervals(*zip(edges[::2], edges[1::2], strict=True))


def largest(events, alarms, level):
    """Edges by the definition of the IoU, frame by frame; the matching by scipy."""
    if not len(events) or not len(alarms):
        return 0
    frames = [[set(range(a, b)) for a, b in each] for each in (events, alarms)]
    graph = [[len(e & a) / len(e | a) >= level for a in frames[1]] for e in frames[0]]
    return int((maximum_bipartite_matching(csr_matrix(graph), "column") >= 0).sum())


@settings(deadline=None, max_examples=300)
@given(disjoint(), disjoint())
def test_no_other_choice_matches_more(events, alarms):
    wanted = [largest(events, alarms, level) for level in LEVELS]
    assert count_matched(events, alarms).tolist() == wanted


def test_an_alarm_that_never_ends_and_ten_for_one_event_earn_little():
    events = intervals((10, 20), (30, 40), (50, 60))
    assert count_matched(events, intervals((0, 100))).tolist() == [0] * 6
    tenth = intervals(*((start, start + 1) for start in range(100, 120, 2)))
    assert count_matched(intervals((100, 120)), tenth).tolist() == [0] * 6
    assert count_matched(events, events).tolist() == [3] * 6


def test_figures():
    part = matching_part([3, 3, 2, 2, 1, 0], num_events=4, num_alarms=6)
    assert (part["precision"], part["recall"], part["f1"]) == (2 / 6, 2 / 4, 4 / 10)
    assert part["mean_f1"] == pytest.approx(2 * 11 / 6 / 10)
    assert [row["recall"] for row in part["by_iou"]] == [0.75, 0.75, 0.5, 0.5, 0.25, 0]
    nothing = matching_part([0] * 6, num_events=4, num_alarms=0)
    assert nothing["precision"] == nothing["mean_f1"] == 0
