"""Thresholds that allow for the variation between clips, against clips drawn from a known law."""

import numpy as np
import pytest

from vadjax.evaluation.clip_rates import (
    MIN_FOR_INTERVAL,
    MIN_FOR_RULE,
    by_clip_threshold,
    expected_rate,
)


def drawn(rng, count, spread=0.0, frames=200):
    """Clips of log-normal scores whose level differs from clip to clip."""
    levels = np.exp(spread * rng.normal(size=count))
    return [level * np.exp(0.3 * rng.normal(size=frames)) for level in levels]


def left_out_rate(clips, value_of_units, rate):
    """Mean rate of clips, each under the threshold of all others, by the definition."""
    rates = []
    for i, clip in enumerate(clips):
        others = np.concatenate([c for j, c in enumerate(clips) if j != i])
        low, high = np.median(others), np.quantile(others, 1 - rate)
        rates.append(np.mean(clip >= low + value_of_units * (high - low)))
    return np.mean(rates)


@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_clips_that_are_left_out_have_the_rate_asked_for(spread):
    clips, rate = drawn(np.random.default_rng(1), 12, spread, frames=400), 0.05
    value = by_clip_threshold(clips, rate)
    flat = np.concatenate(clips)
    low, high = np.median(flat), np.quantile(flat, 1 - rate)
    units = (value - low) / (high - low)
    assert left_out_rate(clips, units * (1 + 1e-9), rate) <= rate
    assert left_out_rate(clips, units * (1 - 1e-3), rate) > 0.9 * rate
    if not spread:  # then it is the quantile of all frames
        assert units == pytest.approx(1, abs=0.1)


def test_new_clips_have_about_the_rate_asked_for():
    rng, rate = np.random.default_rng(2), 0.02
    found = []
    for _ in range(60):
        value = by_clip_threshold(drawn(rng, 16, 0.15), rate)
        found.append(np.mean([np.mean(clip >= value) for clip in drawn(rng, 20, 0.15)]))
    assert rate / 1.5 < np.mean(found) < 1.5 * rate


def test_a_clip_counts_as_much_as_any_other():
    """A long clip does not outvote short ones: doubling its frames changes nothing much."""
    rng = np.random.default_rng(3)
    clips = drawn(rng, 6, 0.1)
    longer = [np.tile(clips[0], 2), *clips[1:]]
    first, second = by_clip_threshold(clips, 0.05), by_clip_threshold(longer, 0.05)
    assert second == pytest.approx(first, rel=0.05)


def test_too_few_clips_give_no_threshold_and_no_interval():
    clips = drawn(np.random.default_rng(4), MIN_FOR_INTERVAL)
    assert by_clip_threshold(clips[: MIN_FOR_RULE - 1], 0.01) is None
    assert by_clip_threshold([np.ones(9)] * 6, 0.01) is None  # no spread
    few = expected_rate(clips[:-1], lambda drawn: 1.0)
    assert few.mean is None and f"{MIN_FOR_INTERVAL - 1} held-out clips" in few.reason
    assert expected_rate([], lambda drawn: 1.0).clips == 0


def test_the_expected_rate_is_that_of_clips_that_were_not_drawn():
    rng = np.random.default_rng(5)

    def rate_of(clips):
        return expected_rate(clips, lambda on: by_clip_threshold([clips[i] for i in on], 0.05))

    alike, unlike = rate_of(drawn(rng, 16)), rate_of(drawn(rng, 16, 0.3))
    assert alike.low < 0.05 < alike.high and alike.mean == pytest.approx(0.05, rel=0.25)
    assert unlike.high - unlike.low > 2 * (alike.high - alike.low)
    assert unlike.clip_high > alike.clip_high
    # A fixed number: the mean is the rate of the clips themselves.
    clips = drawn(rng, 10)
    fixed = expected_rate(clips, lambda drawn: 1.2)
    wanted = [np.mean(clip >= 1.2) for clip in clips]
    assert fixed.mean == pytest.approx(np.mean(wanted), rel=0.1)
    assert fixed.clip_high == max(wanted)


def test_one_clip_unlike_all_others_does_not_lift_the_threshold_beyond_what_was_seen():
    rng = np.random.default_rng(6)
    clips = drawn(rng, 16)
    strange = clips[0] + 20 * np.ptp(np.concatenate(clips))
    threshold = by_clip_threshold([*clips[1:], strange], 0.01)
    assert threshold == np.nextafter(strange.max(), np.inf)
    alike = by_clip_threshold(clips, 0.01)
    assert alike < np.concatenate(clips).max()  # the bound is that of outliers alone
