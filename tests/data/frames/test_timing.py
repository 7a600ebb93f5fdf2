"""Times of frames: what is even, in which order, and what is said of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.data.frames import timing


def array(ticks):
    return np.array([timing.UNKNOWN if tick is None else tick for tick in ticks], np.int64)


@given(
    fps=st.sampled_from([5.0, 10.0, 25.0, 30000 / 1001, 60.0]),
    tick=st.sampled_from([1e-3, 1 / 90000, 1 / 15360]),
    count=st.integers(1, 3000),
    start=st.integers(0, 5000),
    truncate=st.booleans(),
)
def test_times_that_a_container_has_rounded_are_even(fps, tick, count, start, truncate):
    exact = (start / 1000 + np.arange(count) / fps) / tick
    ticks = np.floor(exact) if truncate else np.rint(exact)
    times = timing.seconds(ticks.astype(int), tick_s=tick, step_s=1.0)
    assert timing.rate_of_even(times, rates=(fps, 25.0), tick_s=tick) == fps
    measured = timing.rate_of_even(times, rates=(), tick_s=tick)
    assert count < 3 or measured == pytest.approx(fps, rel=0.1)


@pytest.mark.parametrize(
    "times",
    [
        [0.0, 0.04, 0.08, 0.16, 0.20],  # a frame is missing
        [0.0, 0.04, 0.0835, 0.12, 0.16],  # 3.5 ms late
        [0.0, 0.0, 0.04, 0.08, 0.12],
    ],
)
def test_uneven_times_have_no_rate(times):
    assert timing.rate_of_even(np.array(times), rates=(25.0, None), tick_s=1e-3) is None


def test_what_is_said_of_times():
    uneven = np.array([0, 0.033, 0.067, 0.1, 0.3, 0.5])
    assert timing.describe(uneven) == (
        "frames are unevenly spaced in time: 0.033 s apart at least, 0.034 s at the median, "
        "0.200 s at most"
    )
    assert timing.describe(None) is None
    assert timing.describe(np.array([0, 0.0335, 0.066, 0.1, 0.1325])) is None  # a phone's jitter


def test_missing_and_falling_times_follow_the_frame_before():
    def seconds(ticks):
        return timing.seconds(array(ticks), tick_s=0.1, step_s=0.25).round(3).tolist()

    assert seconds([5, 6, 7]) == [0, 0.1, 0.2]
    assert seconds([5, None, 7]) == [0, 0.25, 0.5]
    assert seconds([None, None, 7, 9]) == [0, 0.25, 0.5, 0.7]
    assert seconds([5, 6, 0, 1, 20]) == [0, 0.1, 0.35, 0.6, 1.5]
    assert seconds([]) == []
    assert seconds([-(2**63) + 1, 2**63 - 1])[1] > 1e18


def test_times_in_the_order_of_packets_are_put_into_that_of_pictures():
    def in_order(ticks):
        return timing.in_order(array(ticks)).tolist()

    assert in_order([0, 3, 1, 2, 6, 4, 5]) == [0, 1, 2, 3, 4, 5, 6]
    restarted = [*range(40), *range(40)]
    assert in_order(restarted) == restarted and in_order([]) == []
    assert in_order([2, None, 1]) == [2, timing.UNKNOWN, 1]


@given(st.lists(st.one_of(st.none(), st.integers(-50, 50)), max_size=30))
def test_times_of_a_file_are_those_of_a_stream(ticks):
    for some in (ticks, sorted({tick for tick in ticks if tick is not None})):
        clock = timing.Clock(0.1, step_s=0.25)
        streamed = [clock.seconds(tick) for tick in some]
        assert timing.seconds(array(some), tick_s=0.1, step_s=0.25).tolist() == streamed


def test_edges_are_times_and_an_end():
    np.testing.assert_allclose(timing.edges(None, 4.0, 3), [0, 0.25, 0.5, 0.75])
    times = np.array([0, 0.1, 0.2, 1.0])
    np.testing.assert_allclose(timing.edges(times, 3.0, 4), [0, 0.1, 0.2, 1.0, 1.1])
    assert timing.edges(None, None, 3) is None
    assert timing.edges(np.zeros(0), 2.0, 0).tolist() == [0]
