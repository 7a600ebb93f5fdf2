"""Draws of clips from one sorted pool, against the same on the clips that were drawn, in full."""

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.alarm_pool import AlarmPool
from vadjax.evaluation.alarm_rates import ByAlarms, alarms_threshold
from vadjax.evaluation.alarms_by_threshold import count_false_alarms
from vadjax.evaluation.clip_pool import ClipPool
from vadjax.evaluation.clip_rates import BLOCKS, ByClip, expected_rate
from vadjax.evaluation.redrawn import chooser
from vadjax.evaluation.thresholds import choose_threshold

CLIPS = st.lists(
    st.lists(st.integers(-3, 3) | st.floats(-3, 3, width=32), min_size=1, max_size=12),
    min_size=2,
    max_size=8,
)
SEEDS = st.integers(0, 2**16)


def drawn_of(clips, seed):
    """Clips drawn with repetitions, at least two, and how often each is drawn."""
    count = len(clips)
    numbers = np.random.default_rng(seed).integers(count, size=max(2, count))
    return numbers, np.bincount(numbers, minlength=count)


def videos_of(clips, seed, timed=True):
    """Videos of 3 frames a second, or of frames at uneven times."""
    rng = np.random.default_rng(seed)
    made = []
    for number, clip in enumerate(clips):
        uneven = np.cumsum(rng.choice([0.1, 0.4, 1.0, 2.5], len(clip)))
        when = {"times": uneven - uneven[0]} if timed and number % 2 else {"fps": 3.0}
        made.append(ScoredVideo(str(number), np.asarray(clip, np.float32), **when).as_normal())
    return made


@settings(max_examples=200)
@given(CLIPS, SEEDS, st.sampled_from([0.0, 0.01, 0.3, 0.5, 0.9, 0.99, 1.0]))
def test_quantiles_are_those_of_numpy(clips, seed, share):
    numbers, counts = drawn_of(clips, seed)
    draw = ClipPool([np.array(clip) for clip in clips]).draw(counts)
    drawn = [np.asarray(clips[n], np.float64) for n in numbers]
    flat = np.concatenate(drawn)
    assert draw.quantile(share) == np.quantile(flat, share)
    assert draw.at(np.arange(len(flat))).tolist() == sorted(flat)
    assert draw.below(flat).tolist() == [(flat < value).sum() for value in flat]
    without = draw.quantiles_without(share)
    for place, number in enumerate(numbers):
        rest = np.concatenate([*drawn[:place], *drawn[place + 1 :]])
        assert without[number] == np.quantile(rest, share)


def by_clip_in_full(clips, rate):
    """The rule by_clip as its description has it: every clip on the scale of all others."""
    scaled, weights = [], []
    for number, clip in enumerate(clips):
        others = np.concatenate([*clips[:number], *clips[number + 1 :]])
        low, high = np.quantile(others, [0.5, 1 - rate])
        if high <= low:
            return None
        scaled.append((clip - low) / (high - low))
        weights.append(np.full(len(clip), 1 / len(clip)))
    flat, weight = np.concatenate(scaled), np.concatenate(weights)
    low, high = np.quantile(np.concatenate(clips), [0.5, 1 - rate])
    if high <= low:
        return None
    for units in np.unique(flat)[::-1]:
        if weight[flat >= units].sum() / len(clips) > rate * (1 + 1e-9):
            break
    return min(low + (high - low) * units, max(clip.max() for clip in clips))


@settings(max_examples=200)
@given(SEEDS, st.sampled_from([0.01, 0.1, 0.4]), st.booleans())
@example(47925, 0.4, True)  # half of all scores are one value, though not of all but any clip
def test_the_rule_by_clip_is_that_of_the_clips_in_full(seed, rate, coarse):
    rng = np.random.default_rng(seed)
    clips = [rng.normal(size=rng.integers(1, 40)) + rng.normal() for _ in range(rng.integers(4, 9))]
    clips = [np.round(clip, 0 if coarse else 9) for clip in clips]
    numbers, counts = drawn_of(clips, seed)
    found = ByClip(clips, rate).choose(counts)
    wanted = by_clip_in_full([clips[number] for number in numbers], rate)
    if wanted is None:
        assert found is None
    else:
        assert found == pytest.approx(wanted, rel=1e-12) and found > wanted - 1e-12


@settings(max_examples=200)
@given(CLIPS, SEEDS)
def test_alarms_of_all_thresholds_are_those_that_are_counted(clips, seed):
    videos = videos_of(clips, seed)
    numbers, counts = drawn_of(clips, seed)
    thresholds = np.unique(np.concatenate([video.scores for video in videos]).astype(float))
    thresholds = np.append(thresholds, [thresholds[0] - 1, thresholds[-1] + 1])
    found = AlarmPool(videos).count(counts, thresholds)
    assert found.tolist() == count_false_alarms([videos[n] for n in numbers], thresholds)


@settings(max_examples=100)
@given(SEEDS, st.sampled_from([1.0, 60.0, 600.0]))
def test_a_threshold_by_alarms_is_that_of_the_drawn_clips(seed, per_hour):
    rng = np.random.default_rng(seed)
    clips = [np.round(rng.normal(size=rng.integers(1, 60)), 1) for _ in range(12)]
    clips[0] = clips[0] + 9 * (seed % 2)  # unlike all others
    videos = videos_of(clips, seed)
    numbers, counts = drawn_of(clips, seed)
    found = ByAlarms(videos, per_hour).choose(counts)
    assert found == alarms_threshold([videos[n] for n in numbers], per_hour).value


@pytest.mark.parametrize("rule", ["by_clip", "alarms", "quantile"])
@pytest.mark.parametrize("case", ["plain", "untimed", "labelled", "flat"])
def test_a_redrawn_threshold_is_that_of_the_rule(rule, case):
    rng = np.random.default_rng(0)
    spread = 0.0 if case == "flat" else 1.0
    videos = videos_of([spread * rng.normal(size=40) for _ in range(9)], 0, timed=False)
    if case == "untimed":
        videos = [dataclasses.replace(video, fps=None) for video in videos]
    if case == "labelled":
        labels = (np.arange(40) > 35).astype(np.uint8)
        videos = [dataclasses.replace(video, labels=labels) for video in videos]
        videos[3] = dataclasses.replace(videos[3], labels=np.ones(40, np.uint8))  # nothing normal

    def choose(chosen):
        flat, truth = (np.concatenate([getattr(v, w) for v in chosen]) for w in ("scores", "truth"))
        of = np.repeat(np.arange(len(chosen)), 40)
        return choose_threshold(flat, truth, clips=of, videos=chosen, rule=rule).value

    settings = {"false_alarm_rate": 0.01, "alarms_per_hour": 1.0}
    of = chooser(rule, videos, choose, **settings)
    for _ in range(20):
        numbers = np.delete(np.arange(9), 3)[rng.integers(8, size=9)].tolist()
        assert of(numbers) == choose([videos[number] for number in numbers])


def test_many_clips_are_left_out_in_blocks():
    """A clip's own rate is at a threshold that was chosen without it, whatever was beside it."""
    rng = np.random.default_rng(0)
    clips = [rng.random(20) + (0.5 if number == 7 else 0) for number in range(3 * BLOCKS)]
    asked = []

    def choose(numbers):
        asked.append(set(numbers))
        return 1.0 if 7 in numbers else 0.6

    found = expected_rate(clips, choose)
    blocks = [set(range(3 * BLOCKS)) - numbers for numbers in asked[-BLOCKS:]]
    assert set().union(*blocks) == set(range(3 * BLOCKS)) and {len(b) for b in blocks} == {3}
    assert found.clip_high == np.mean(clips[7] >= 0.6)
