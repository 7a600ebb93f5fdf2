"""A machine that is too slow reads evenly fewer frames, and tries more when it has rested."""

import itertools

import pytest

from vadjax.live.pace import MOST, Pace


def simulate(capacity, *, fps=25.0, seconds=4000):
    """Return the step at each second of a machine that scores `capacity` frames a second."""
    pace, steps = Pace(0.0), []
    for second in range(1, seconds):
        offered = fps / pace.step
        scored = min(offered, capacity(second))
        pace.update(float(second), frames=round(scored), dropped=max(0, round(offered - scored)))
        steps.append(pace.step)
    return steps


@pytest.mark.parametrize(("capacity", "step"), [(30, 1), (13, 2), (9, 3), (2.6, 10)])
def test_the_step_is_the_least_that_the_machine_can_follow(capacity, step):
    steps = simulate(lambda second: capacity)
    assert step <= steps[280] <= step + 1
    assert sorted(steps)[len(steps) // 2] in (step, step + 1)


def test_it_goes_back_to_all_frames_when_the_machine_is_free_again():
    steps = simulate(lambda second: 9 if second < 500 else 100)
    assert steps[400] >= 3 and steps[-1] == 1


def test_what_is_dropped_while_programs_are_compiled_changes_nothing():
    """Nothing is scored for 25 s, then the first frames, and from 31 s on all that come."""
    steps = simulate(lambda second: 0 if second < 25 else 2 if second < 31 else 25)
    assert set(steps) == {1}


def test_more_is_tried_ever_more_seldom():
    steps = simulate(lambda second: 13, seconds=20_000)
    tries = [second for second in range(1, len(steps)) if steps[second] < steps[second - 1]]
    gaps = [b - a for a, b in itertools.pairwise(tries)]
    assert 2 <= len(tries) <= 8 and gaps == sorted(gaps)


def test_a_machine_that_scores_nothing_still_reads_some():
    assert max(simulate(lambda second: 25 if second < 12 else 0)) == MOST
