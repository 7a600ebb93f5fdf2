"""One machine makes alarms of files and events of cameras."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.decisions import decide
from vadjax.evaluation.episodes import SAME_S, EpisodeMachine, Rule, episodes
from vadjax.evaluation.events import MERGE_S, called, merged_runs


def online(scores, edges, rule):
    """Feed every frame, as a camera does."""
    machine, told = EpisodeMachine(rule), []
    for number, score in enumerate(scores):
        told += machine.update(number, float(edges[number]), float(score))
    return told + machine.close(len(scores), float(edges[-1]))


def slowly(scores, edges, *, threshold, release, merge, least):
    """The same, by looking at the whole video: stretches, then gaps, then lengths."""
    inside, stretches = False, []
    for number, score in enumerate(scores):
        if score >= (release if inside else threshold):
            if not inside:
                stretches.append([number, number])
            stretches[-1][1] = number + 1
            inside = True
        else:
            inside = False
    joined = []
    for start, stop in stretches:
        if joined and edges[start] - edges[joined[-1][1]] < merge - 1e-6:
            joined[-1][1] = stop
        else:
            joined.append([start, stop])
    return [(a, b) for a, b in joined if edges[b] - edges[a] >= least - 1e-6]


@settings(max_examples=300, deadline=None)
@given(
    scores=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), max_size=60),
    gaps=st.lists(st.sampled_from([0.04, 0.2, 0.5, 1.0]), min_size=61, max_size=61),
    release=st.sampled_from([1.0, 2.0]),
    merge=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    least=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_frames_one_by_one_and_whole_videos_give_what_a_slow_loop_gives(
    scores, gaps, release, merge, least
):
    edges = np.concatenate([[0.0], np.cumsum(gaps)])[: len(scores) + 1]
    rule = Rule(2.0, release=release, merge=merge, least=least)
    whole = episodes(np.array(scores), edges, rule)
    wanted = slowly(scores, edges, threshold=2.0, release=release, merge=merge, least=least)
    assert [(one.first, one.stop) for one in whole] == wanted
    told = online(scores, edges, rule)
    closed = [one for one in told if not one.is_open]
    opened = [one for one in told if one.is_open]
    assert closed == whole
    assert [one.first for one in opened] == [one.first for one in closed]
    for one in closed:
        inside = np.array(scores[one.first : one.stop])
        assert one.peak == one.first + int(inside.argmax()) and one.score == inside.max()
        assert (one.begin, one.end) == (edges[one.first], edges[one.stop])


@settings(max_examples=300, deadline=None)
@given(
    scores=st.lists(st.floats(0, 3, width=32), max_size=80),
    fps=st.sampled_from([None, 0.5, 1.0, 2.5, 10.0, 25.0]),
    uneven=st.booleans(),
    seed=st.integers(0, 9),
)
def test_alarms_of_files_are_the_merged_runs_of_called_frames(scores, fps, uneven, seed):
    rng, times = np.random.default_rng(seed), None
    if uneven:
        times = np.cumsum(rng.choice([0.04, 0.96, 1.0], len(scores))) if scores else np.zeros(0)
        times = times - times[:1]
    video = decide(ScoredVideo("a", np.array(scores, np.float32), times=times, fps=fps), 1.5)
    assert [list(alarm) for alarm in video.alarms] == merged_runs(called(video), video).tolist()


def test_an_episode_is_told_when_it_has_lasted_and_not_before():
    machine = EpisodeMachine(Rule(1.0, merge=1.0, least=0.5))
    told = {n: machine.update(n, n / 10, 2.0) for n in range(8)}
    assert [n for n, one in told.items() if one] == [5] and machine.current is not None
    assert not machine.update(8, 0.8, 0.0) and not machine.update(17, 1.7, 0.0)
    (closed,) = machine.update(18, 1.8, 0.0)
    assert (closed.begin, closed.end, closed.is_open) == (0.0, 0.8, False)
    assert machine.current is None


def test_a_blip_that_is_too_short_is_never_told():
    machine = EpisodeMachine(Rule(1.0, merge=1.0, least=0.5))
    scores = [0.0, 2.0, 2.0, 0.0] + [0.0] * 30
    assert not [one for n, s in enumerate(scores) for one in machine.update(n, n / 10, s)]
    assert not machine.close(len(scores), len(scores) / 10)


@pytest.mark.parametrize("length", [0, 1])
def test_videos_of_no_or_one_frame(length):
    found = episodes(np.full(length, 2.0), np.arange(length + 1.0), Rule(1.0))
    assert [(one.first, one.stop) for one in found] == [(0, 1)] * length


@settings(deadline=None, max_examples=200)
@given(
    scores=st.lists(st.integers(0, 2), min_size=0, max_size=30),
    gaps=st.lists(st.sampled_from([0.04, 0.2, 0.5, 1.0, 1.5]), min_size=30, max_size=30),
    rate=st.sampled_from([None, 0.5, 1.0, 2.0, 12.5, "times"]),
)
def test_alarms_of_whole_videos_are_those_of_the_machine(scores, gaps, rate):
    """A run decides all frames at once; a watch decides one after another."""
    values = np.array(scores, np.float32)
    if rate == "times":
        times = np.cumsum([0.0, *gaps])[: len(values)]
        video = ScoredVideo("v", values, times=times)
        edges, merge, same = video.edges, MERGE_S, SAME_S
    else:
        video = ScoredVideo("v", values, fps=rate)
        edges, merge, same = np.arange(len(values) + 1), MERGE_S * (rate or 0), 0.0
    found = episodes(values, edges, Rule(1.0, merge=merge), same=same) if len(values) else []
    assert decide(video, 1.0).alarms == tuple((one.first, one.stop) for one in found)
