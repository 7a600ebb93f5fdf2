"""What a film of a long video shows: every alarm, and no more frames than it may."""

import numpy as np
import pytest

from vadjax.explain.film_stretches import CONTEXT, film_stretches, numbers


def scores_of(total, *tops):
    """Scores of 1 with peaks (frame, score)."""
    scores = np.ones(total, np.float32)
    for frame, score in tops:
        scores[frame] = score
    return scores


def test_a_short_video_is_shown_whole():
    assert film_stretches(scores_of(100, (50, 9)), [(45, 55)], fps=25, most=100) == [(0, 100)]
    assert film_stretches(np.zeros(0, np.float32), [], fps=25) == []


@pytest.mark.parametrize(("fps", "context"), [(25.0, 50), (10.0, 20), (None, CONTEXT)])
def test_a_long_video_shows_its_alarms_with_what_is_around_them(fps, context):
    scores = scores_of(100_000, (20_010, 5), (70_020, 9))
    found = film_stretches(scores, [(20_000, 20_030), (70_000, 70_040), (99_990, 100_000)], fps=fps)
    assert found == [
        (20_000 - context, 20_030 + context),
        (70_000 - context, 70_040 + context),
        (99_990 - context, 100_000),
    ]
    assert list(numbers(found))[:2] == [20_000 - context, 20_001 - context]


def test_neighbouring_stretches_are_one():
    scores = scores_of(100_000, (500, 5), (560, 6))
    assert film_stretches(scores, [(500, 501), (560, 561)], fps=25.0) == [(450, 611)]


def test_many_alarms_show_the_strongest():
    tops = [(1000 * n + 500, 2 + (n % 7)) for n in range(99)]
    alarms = [(frame - 5, frame + 5) for frame, _ in tops]
    found = film_stretches(scores_of(100_000, *tops), alarms, fps=25.0, most=2000)
    assert sum(b - a for a, b in found) <= 2000
    shown = [score for frame, score in tops if any(a <= frame < b for a, b in found)]
    assert len(shown) == 2000 // 110
    assert sorted(shown) == sorted(score for _, score in tops)[-len(shown) :]


def test_an_alarm_without_end_shows_its_peak():
    found = film_stretches(scores_of(100_000, (61_000, 5)), [(10, 99_000)], fps=25.0)
    assert found == [(61_000 - 300, 61_000 + 300)]
    [(start, stop)] = film_stretches(
        scores_of(100_000, (61_000, 5)), [(10, 99_000)], fps=25.0, most=90
    )
    assert stop - start == 90


def test_without_alarms_the_highest_frames_are_shown():
    found = film_stretches(scores_of(100_000, (300, 5), (900, 6)), [], fps=25.0)
    assert {300, 900} < set(numbers(found))
    assert sum(b - a for a, b in found) <= 6 * 101
