"""Whether scores that are meant as probabilities are such: reliability by bins of the score."""

from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo

BINS = 10
NO_PROBABILITIES = "the scores are no probabilities"


def reliability_part(
    videos: Sequence[ScoredVideo], *, probabilities: bool
) -> tuple[dict | None, dict[str, str]]:
    """Compare the scores of frames with how often frames of such scores are abnormal.

    Args:
        videos: labelled ones.
        probabilities: whether the scores are meant as probabilities of abnormal.

    Returns:
        `ece`, the expected calibration error: the mean over frames of how far the mean score of
        their bin is from its share of abnormal frames (Guo et al. 2017, arXiv 1706.04599, ten bins
        of equal width); `brier`, the mean squared difference of score and label (Brier 1950); and
        `bins`, those with frames. Reasons for what is None.
    """
    if not probabilities or not videos:
        return None, {"reliability": NO_PROBABILITIES if videos else "no labels"}
    scores = np.concatenate([np.asarray(v.scores, np.float64) for v in videos])
    labels = np.concatenate([v.truth for v in videos]).astype(np.float64)
    if scores.min() < 0 or scores.max() > 1:
        return None, {"reliability": f"{NO_PROBABILITIES}: they are not between 0 and 1"}
    at = np.minimum((scores * BINS).astype(int), BINS - 1)
    frames = np.bincount(at, minlength=BINS)
    some = frames > 0
    mean = np.bincount(at, scores, BINS)[some] / frames[some]
    share = np.bincount(at, labels, BINS)[some] / frames[some]
    bins = [
        {"from": int(n) / BINS, "frames": int(count), "mean_score": float(m), "abnormal": float(s)}
        for n, count, m, s in zip(np.flatnonzero(some), frames[some], mean, share, strict=True)
    ]
    error = float(np.abs(mean - share) @ frames[some] / len(scores))
    return {"ece": error, "brier": float(np.mean((scores - labels) ** 2)), "bins": bins}, {}
