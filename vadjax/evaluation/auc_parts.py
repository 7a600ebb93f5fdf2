"""The micro AUC in two parts: pairs of frames of one clip, and pairs of frames of two clips.

The micro AUC is the share of (abnormal, normal) pairs of frames that are in the right order. With w
the share of pairs that lie within one clip it is exactly

    micro = w within + (1 - w) across

(Song and Lee 2026, arXiv 2608.21854). On benchmarks w is small (.068 on UCSD Ped2, .008 on
ShanghaiTech): the micro AUC mostly says how clips are ordered, while a person at a camera asks
which moments of one clip are abnormal. Two controls say what the order of clips alone is worth.
"""

from collections.abc import Sequence

import numpy as np

from vadjax.evaluation import bootstrap, frame
from vadjax.evaluation.pairwise_auc import PairCounts, count_pairs

Reasons = dict[str, str]
NONE_WITHIN = "no clip holds frames of both classes"
NONE_ACROSS = "the frames of one class all lie in one clip, which holds all of the other"


def auc_parts(
    scores: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    *,
    scenes: Sequence[str] | None = None,
    resamples: int,
    seed: int,
    pairs: PairCounts | None = None,
) -> tuple[dict, Reasons]:
    """Split the micro AUC of clips.

    Args:
        scores: [t] of each clip.
        labels: [t] {0, 1} of each clip.
        scenes: of each clip; they are redrawn where `bootstrap.auc_interval` redraws them.
        resamples: of the bootstrap over clips; of a clip that is drawn twice the two copies are two
            clips.
        seed: of its draws, those of `bootstrap.auc_interval`.
        pairs: `count_pairs(scores, labels)`, where the caller has it.

    Returns:
        `share_within` is w, `within` and `across` are the parts, with 95 % intervals over clips;
        `clip_mean` is the micro AUC after each score has been replaced by the mean of its clip,
        `shuffled` that to be expected after the scores of each clip have been shuffled: what the
        order of the clips is worth. None where undefined; reasons by key.
    """
    keys = ("share_within", "within", "within_ci95", "across", "across_ci95")
    part: dict = dict.fromkeys((*keys, "clip_mean", "shuffled"))
    truth = np.concatenate([np.asarray(y, bool) for y in labels]) if len(labels) else np.zeros(0)
    if not truth.any() or truth.all():
        return part, dict.fromkeys(part, bootstrap.ONE_CLASS if len(truth) else "no labels")
    pairs = count_pairs(scores, labels) if pairs is None else pairs
    once = np.ones((1, len(labels)))
    part["share_within"] = float(pairs.abnormal @ pairs.normal) / float(
        pairs.abnormal.sum() * pairs.normal.sum()
    )
    reasons: Reasons = {}
    draws = bootstrap.draws(pairs, scenes=scenes, resamples=resamples, seed=seed)
    for name, of, why in (
        ("within", pairs.within, NONE_WITHIN),
        ("across", pairs.across, NONE_ACROSS),
    ):
        value = float(of(once)[0])
        part[name] = None if np.isnan(value) else value
        reasons[name] = why
        reasons[f"{name}_ci95"] = why if np.isnan(value) else draws.reason
        if draws.counts is not None and not np.isnan(value):
            drawn = of(draws.counts)
            drawn = drawn[~np.isnan(drawn)]  # a resample may hold no such pair
            reasons[f"{name}_ci95"] = "no resample holds pairs of frames " + name + " clips"
            if len(drawn):
                part[f"{name}_ci95"] = np.quantile(drawn, (0.025, 0.975)).tolist()
    part["clip_mean"] = frame.auc(
        np.concatenate([np.full(len(s), np.mean(s)) for s in scores]), truth
    )
    part["shuffled"] = _shuffled(scores, labels)
    return part, reasons


def _shuffled(scores: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> float:
    """Return the micro AUC to be expected after the scores of each clip have been shuffled.

    Each frame then is abnormal with the share of abnormal frames of its clip, so that it is the AUC
    with these shares as weights; pairs of one clip are as often right as wrong.
    """
    share = np.concatenate([np.full(len(y), np.mean(y, dtype=np.float64)) for y in labels])
    flat = np.concatenate([np.asarray(s, np.float64) for s in scores])
    _, group = np.unique(flat, return_inverse=True)
    abnormal = np.bincount(group, share)
    normal = np.bincount(group, 1 - share)
    below = np.cumsum(normal) - normal
    return float(abnormal @ (below + normal / 2) / (abnormal.sum() * normal.sum()))
