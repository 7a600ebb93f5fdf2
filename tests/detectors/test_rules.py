"""Rules on hand-made maps, and the same frame by frame."""

import numpy as np
import pytest

from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import FrameScore
from vadjax.detectors.rules import RuledStream, Rules, read_rules
from vadjax.errors import UserError


def video(maps, **more):
    maps = np.asarray(maps, np.float32)
    return ScoredVideo("test/1", maps.max((1, 2)), maps=maps, fps=10.0, **more)


def scored(scores, **more):
    return ScoredVideo("test/1", np.asarray(scores, np.float32), **more)


class Given:
    """A stream whose scores are known."""

    def __init__(self, known):
        self._known, self._index = known, -1

    def update(self, frame, time=None):
        self._index += 1
        index, known = self._index, self._known
        if not known.predicted[index]:
            return [FrameScore(index, time, None)]
        own = None if known.maps is None else known.maps[index]
        return [FrameScore(index, time, float(known.scores[index]), own)]

    def close(self):
        return []


def test_what_is_ignored_counts_for_nothing_and_leaves_the_map():
    #       x   .125 .375 .625 .875
    maps = [[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]  # y .25, .75
    left = read_rules("ignore y > 0.5").apply(video(maps))
    assert left.scores.tolist() == [4.0]
    assert left.maps.tolist() == [[[1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0]]]
    assert read_rules("only x < 0.5").apply(video(maps)).scores.tolist() == [6.0]
    assert read_rules("only x < 0.5; ignore y > 0.5").apply(video(maps)).scores.tolist() == [2.0]
    assert read_rules("only x < 0").apply(video(maps)).scores.tolist() == [1.0]


def test_time_and_score_and_size():
    maps = np.zeros((3, 4, 4), np.float32)
    maps[:, 0, 0], maps[:, 2:, 2:] = 5.0, 3.0  # a dot, and a region of a quarter of the frame
    assert read_rules("ignore time < 0.15").apply(video(maps)).scores.tolist() == [0, 0, 5]
    assert read_rules("ignore score > 4").apply(video(maps)).scores.tolist() == [3, 3, 3]
    assert read_rules("only size >= 0.25").apply(video(maps)).scores.tolist() == [3, 3, 3]
    assert read_rules("ignore size > 0.2").apply(video(maps)).scores.tolist() == [5, 5, 5]


def test_what_must_last_has_the_least_of_the_last_frames():
    scores = [0, 5, 5, 1, 7, 8, 9, 6]
    left = read_rules("at least 3 frames").apply(scored(scores))
    assert left.scores.tolist() == [0, 0, 0, 1, 1, 1, 7, 6]
    by_time = read_rules("at least 0.3 seconds").apply(scored(scores, fps=10.0))
    np.testing.assert_array_equal(by_time.scores, left.scores)
    uneven = scored([5.0, 5, 5, 5], times=np.array([0.0, 0.1, 2.0, 2.1]), fps=10.0)
    assert read_rules("at least 0.3 seconds").apply(uneven).scores.tolist() == [5, 5, 5, 5]


def test_the_least_of_the_last_frames_by_brute_force():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 9, 60).astype(np.float32)
    for count in (1, 2, 5, 17, 90):
        left = read_rules(f"at least {count} frames").apply(scored(scores))
        wanted = [scores[max(0, i - count + 1) : i + 1].min() for i in range(60)]
        assert left.scores.tolist() == wanted


def test_rows_without_a_score_of_their_own_follow_the_nearest():
    predicted = np.array([False, True, True])
    left = read_rules("at least 2 frames").apply(scored([9, 9, 3], predicted=predicted))
    assert left.scores.tolist() == [9, 9, 3]


@pytest.mark.parametrize(
    "rules",
    ["ignore y < 0.4; at least 3 frames", "only size > 0.1 and time > 0.4", "at least 0.5 seconds"],
)
@pytest.mark.parametrize("timed", [True, False])
def test_frame_by_frame_is_the_same(rules, timed):
    rng = np.random.default_rng(1)
    maps = rng.gamma(1.0, size=(20, 6, 8)).astype(np.float32)
    known = video(maps, predicted=np.arange(20) > 0)
    whole = read_rules(rules).apply(known)
    stream = RuledStream(Given(known), read_rules(rules), fps=None if timed else 10.0)
    found = []
    for index in range(20):
        found += stream.update(maps[index], 100 + index / 10 if timed else None)
    assert found[0].score is None
    np.testing.assert_allclose([one.score for one in found[1:]], whole.scores[1:], rtol=1e-6)
    if read_rules(rules).by_place:
        np.testing.assert_array_equal(np.stack([f.map for f in found[1:]]), whole.maps[1:])


def test_no_rule_changes_nothing():
    one = scored([1, 2])
    assert read_rules(" ; ") == Rules() and read_rules("").apply(one) is one


def test_what_a_rule_needs_is_said():
    with pytest.raises(UserError, match="gives a map with its scores"):
        read_rules("ignore y < 0.5").apply(scored([1, 2]))
    with pytest.raises(UserError, match="no frame rate"):
        read_rules("at least 2 seconds").apply(scored([1, 2]))
    sums = ScoredVideo("a", np.array([3.0]), maps=np.ones((1, 2, 2), np.float32))
    with pytest.raises(UserError, match="largest value of its map"):
        read_rules("ignore y < 0.5").apply(sums)
    with pytest.raises(UserError, match="no frame rate"):
        read_rules("ignore time < 5").apply(ScoredVideo("a", np.ones(1), maps=np.ones((1, 2, 2))))


@pytest.mark.parametrize(
    "text",
    ["ignore", "keep x < 1", "at least five frames", "at least 2.5 frames", "at most 2 frames"],
)
def test_other_rules_are_refused_with_what_can_be_written(text):
    with pytest.raises(UserError, match="rule"):
        read_rules(text)
