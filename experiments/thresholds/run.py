"""Do thresholds keep their promise? Asked, expected and realised alarm rates on normal frames.

python experiments/thresholds/run.py ped2_lstm --data_dir=/data/ped2 --masks_dir=/data/UCSD

Trains the config with each seed, which draws the held-out clips too, and compares three thresholds
that were asked for a rate of .01 of normal frames: the .99 quantile of the few clips that the
detector itself held out, the .99 quantile of the cross-fitted clips, and the rule by_clip on these.
No test frame is read before a threshold stands. A last line says which rates a test of so few
frames in so few clips would show, if its clips were like the held-out ones.
"""

import argparse
import pathlib
from collections.abc import Sequence

import numpy as np

from vadjax import config as configs
from vadjax.api import load_config
from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.clip_rates import expected_rate
from vadjax.evaluation.thresholds import choose_threshold
from vadjax.pipeline import stages
from vadjax.pipeline.cross_fit import cross_folds_of
from vadjax.pipeline.run import Run
from vadjax.pipeline.score import score_clips
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.storage import artifacts

RATE = 0.01


def threshold(clips: Sequence[np.ndarray], rule: str) -> float:
    """Return the threshold of a rule that is asked for `RATE`.

    Args:
        clips: scores of each held-out normal clip.
        rule: of `evaluation.thresholds`.

    Returns:
        The score from which a frame is abnormal.
    """
    flat, of = np.concatenate(clips), np.repeat(np.arange(len(clips)), [len(c) for c in clips])
    choice = choose_threshold(
        flat, 0 * of, rule=rule, clips=of, quantile=1 - RATE, false_alarm_rate=RATE
    )
    assert choice.value is not None
    return choice.value


def realised(test: Sequence[ScoredVideo], value: float) -> tuple[float, float]:
    """Return the share of normal test frames at or above a threshold, and of abnormal ones."""
    scores = np.concatenate([v.scores for v in test])
    labels = np.concatenate([v.truth for v in test])
    return tuple(float(np.mean(scores[labels == kind] >= value)) for kind in (0, 1))


def rates_of_such_tests(
    clips: Sequence[np.ndarray], lengths: Sequence[int], *, draws: int = 1000
) -> np.ndarray:
    """Return the rates that the rule by_clip shows on tests as small as the one at hand.

    Clips are drawn with replacement and give a threshold; stretches of the clips that were not
    drawn stand for the normal stretches of test clips.

    Args:
        clips: scores of each held-out normal clip.
        lengths: normal frames of each test clip.
        draws: of clips and stretches.

    Returns:
        float [n], the share of the stretches' frames at or above the threshold; n is at most draws.
    """
    rng, rates = np.random.default_rng(0), []
    for _ in range(draws):
        drawn = rng.integers(len(clips), size=len(clips))
        left = np.setdiff1d(np.arange(len(clips)), drawn)
        if not len(left):
            continue
        value, above = threshold([clips[i] for i in drawn], "by_clip"), []
        for length in lengths:
            clip = clips[rng.choice(left)]
            start = rng.integers(max(len(clip) - length, 0) + 1)
            above.append(clip[start : start + length] >= value)
        rates.append(np.concatenate(above).mean())
    return np.array(rates)


def measure(run: Run) -> dict:
    """Return the thresholds of one trained and scored run, and what they gave."""
    (fold,) = run.folds
    state = artifacts.read_state(run.workdir, 0)
    scored = artifacts.read_scores(run.workdir)
    own = {v.id: v.scores for v in score_clips(run, state, run.clips(fold.calibration, fold))}
    crossed = {v.id: v.scores for v in scored.calibration}
    rows = {}
    for name, clips, rule in (
        ("own", list(own.values()), "quantile"),
        ("pooled", list(crossed.values()), "quantile"),
        ("by_clip", list(crossed.values()), "by_clip"),
    ):
        value = threshold(clips, rule)
        expected = expected_rate(
            clips, lambda drawn, clips=clips, rule=rule: threshold([clips[i] for i in drawn], rule)
        )
        rows[name] = {"value": value, "rates": realised(scored.test, value), "expected": expected}
    # The same clips, scored by the run's detector and by the one of the cross-fit: one scale?
    ratio = [np.median(own[name]) / np.median(crossed[name]) for name in own]
    lengths = [int(count) for v in scored.test if (count := np.sum(v.truth == 0))]
    like = rates_of_such_tests(list(crossed.values()), lengths)
    found = {"rows": rows, "ratio": ratio, "clips": len(crossed), "held": sorted(own)}
    return {**found, "lengths": lengths, "like": like}


def main() -> None:
    """Train, score and print a row a seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("--data_dir", default="")
    parser.add_argument("--masks_dir", default="")
    parser.add_argument("--cache_dir", default="~/.cache/vadjax")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", nargs="*", default=[], help="other keys, such as train.epochs=10")
    parser.add_argument("--out", default="runs/thresholds")
    asked = parser.parse_args()
    devices.setup(asked.cache_dir)
    print("| seed | held out | own clips, quantile | cross-fit, quantile | by_clip | expected |")
    print("|---|---|---|---|---|---|")
    for seed in range(asked.seeds):
        config = load_config(
            asked.config,
            dataset__data_dir=asked.data_dir,
            dataset__masks_dir=asked.masks_dir,
            features__cache_dir=asked.cache_dir,
        )
        for change in asked.set:
            configs.assign(config, change)
        config.seed = seed
        workdir = pathlib.Path(asked.out) / f"{asked.config}-{seed}"
        run = Run(configs.validate(config), workdir, Console(quiet=True))
        assert cross_folds_of(run), "this config is not cross-fitted"
        for stage in ("extract", "train", "score"):
            stages.run(config, workdir, stage=stage, quiet=True)
        found = measure(run)
        rows, e = found["rows"], found["rows"]["by_clip"]["expected"]
        rates = [f"{100 * row['rates'][0]:.1f} %" for row in rows.values()]
        expected = f"{100 * e.low:.1f} to {100 * e.high:.1f} %" if e.low is not None else e.reason
        held = ", ".join(name.split("/")[-1] for name in found["held"])
        print(f"| {seed} | {held} | {' | '.join(rates)} | {expected} |", flush=True)
        values = ", ".join(
            f"{name} {row['value']:.3f} (recall {row['rates'][1]:.3f})"
            for name, row in rows.items()
        )
        print(
            f"  thresholds {values}; {found['clips']} clips; medians own / cross-fit "
            f"{', '.join(f'{r:.3f}' for r in found['ratio'])}; single clips up to "
            f"{e.clip_high if e.clip_high is None else round(e.clip_high, 3)}; cross-fit took "
            f"{artifacts.read_timing(workdir).get('cross_fit_s')} s, training "
            f"{artifacts.read_timing(workdir).get('train_epochs_s')} s",
            flush=True,
        )
        like, frames = found["like"], sum(found["lengths"])
        low, high = np.quantile(like, [0.025, 0.975])
        print(
            f"  a test of {frames} normal frames in {len(found['lengths'])} clips: "
            f"{100 * low:.1f} to {100 * high:.1f} %, below a third of the asked rate in "
            f"{100 * np.mean(like < RATE / 3):.0f} % of such tests, above threefold in "
            f"{100 * np.mean(like > 3 * RATE):.0f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
