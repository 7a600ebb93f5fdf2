"""Made-up scores and labels, and `evaluate` on the records that they give."""

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import evaluate as module

CONTEXT = {
    "dataset": "synthetic",
    "coverage": None,
    "label_version": "official",
    "protocol": "one_class",
    "leakage": {
        **{"exact": 0, "neighbour": 0, "augmented": 0, "duplicate": None},
        "statistic": [],
        "verdict": "clean",
    },
    "detector": {"model": "lstm", "weights_sha256": None},
    "lookahead_frames": 0,
    "seeds": [0],
    "timing": {"train_s": 1.5},
    "environment": {"device": None},
}


def case(num_videos=9, num_frames=60, seed=0, **changes):
    """Arguments of `evaluate`, arrays by video: the first video is normal, the others are not."""
    rng = np.random.default_rng(seed)
    names = [f"test/{n:02d}" for n in range(num_videos)]
    labels = {v: np.zeros(num_frames, np.uint8) for v in names}
    for n, video in enumerate(names[1:]):
        labels[video][10 + n : 40] = 1
    scores = {
        v: (rng.normal(size=num_frames) + 2 * y).astype(np.float32) for v, y in labels.items()
    }
    predicted = {v: np.arange(num_frames) >= 5 for v in names}
    given = {
        "scores": scores,
        "predicted": predicted,
        "labels": labels,
        "calibration": [{f"train/{n}": rng.normal(size=80) for n in range(2)}],
        "context": CONTEXT,
        "fps": dict.fromkeys(names, 10.0),
        "resamples": 200,
    }
    return {**given, **changes}


def records(
    scores, *, labels=(), predicted=(), fps=(), kinds=(), scenes=(), substituted=(), folds=()
):
    """Return a record a video from arrays by video."""
    fold_of = {video: n for n, ids in enumerate(folds) for video in ids}
    given = {"labels": labels, "predicted": predicted, "fps": fps, "kinds": kinds}
    given |= {"scene": scenes, "substituted": substituted, "fold": fold_of}
    return [
        ScoredVideo(v, s, **{what: by[v] for what, by in given.items() if v in by})
        for v, s in scores.items()
    ]


def evaluate(*, calibration, context, baselines=None, labels=(), **given):
    """Call `evaluate` with the records of arrays by video, as `case` returns them."""
    arrays = ("scores", "predicted", "fps", "kinds", "scenes", "substituted", "folds")
    by_video = {name: given.pop(name) for name in arrays if name in given}
    return module.evaluate(
        records(labels=labels, **by_video),
        calibration=[records(held, labels=labels) for held in calibration],
        baselines={name: records(scores) for name, scores in (baselines or {}).items()},
        context=context,
        **given,
    )


def pooled(given, what="scores"):
    """Concatenate one kind of array over the videos."""
    return np.concatenate(list(given[what].values()))
