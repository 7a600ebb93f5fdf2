"""Figures over several annotations of the same frames, in place of one that is taken for the truth.

A frame is abnormal with the share of annotations that say so. The probabilistic AUC counts each
frame on both sides with these weights (after Liu et al. 2025, arXiv 2505.19022: Prob-AUC and
Prob-AP; of the paper the abstract could be read, so that the formulas here are our own reading).
With one annotation they are AUC and average precision.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.evaluation import frame

Reasons = dict[str, str]
ONE = "there is one annotation of these frames"


def annotations_part(
    scores: Sequence[np.ndarray], versions: Mapping[str, Sequence[np.ndarray]]
) -> tuple[dict | None, Reasons]:
    """Evaluate scores against several annotations at once.

    Args:
        scores: [t] of each clip.
        versions: name of an annotation -> [t] {0, 1} of each clip, in the same order.

    Returns:
        `prob_auc` and `prob_ap`; `kappa`, the agreement of the annotations beyond chance (Fleiss
        1971); `disagreeing`, the share of frames on which they differ; `auc`, by annotation.
        None, with the reason, where there are fewer than two or no frame is abnormal or normal.
    """
    if len(versions) < 2:
        return None, {"annotations": ONE}
    flat = np.concatenate([np.asarray(s, np.float64) for s in scores])
    votes = np.stack([np.concatenate(labels) for labels in versions.values()]).astype(bool)
    share = votes.mean(0)
    if not 0 < share.sum() < len(share):
        return None, {"annotations": "the annotations hold frames of one class only"}
    auc, ap = probabilistic(flat, share)
    return {
        "versions": list(versions),
        "prob_auc": auc,
        "prob_ap": ap,
        "kappa": kappa(votes),
        "disagreeing": float(np.mean((share > 0) & (share < 1))),
        "auc": {name: frame.auc(flat, own) for name, own in zip(versions, votes, strict=True)},
    }, {"annotations.auc": "the annotation holds frames of one class only"}


def probabilistic(scores: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    """Return AUC and average precision of frames that are abnormal with a probability.

    Args:
        scores: float [n].
        share: [n], probability that a frame is abnormal; not all 0 and not all 1.

    Returns:
        The AUC, the share of (abnormal, normal) pairs in order, each weighted by the probability of
        being one, ties half, a frame with itself among them; the average precision by expected
        counts.
    """
    _, group = np.unique(-np.asarray(scores, np.float64), return_inverse=True)  # highest first
    abnormal = np.cumsum(np.bincount(group, share))  # expected, from each threshold upwards
    normal = np.cumsum(np.bincount(group, 1 - share))
    before = np.append(0, abnormal[:-1])
    gained = np.diff(normal, prepend=0)
    auc = float(gained @ (abnormal + before) / 2 / (abnormal[-1] * normal[-1]))
    precision = abnormal / (abnormal + normal)
    return auc, float((abnormal - before) @ precision / abnormal[-1])


def kappa(votes: np.ndarray) -> float | None:
    """Return how far annotations agree beyond chance, kappa of Fleiss (1971).

    Args:
        votes: bool [annotations, n], two annotations or more.

    Returns:
        1 of equal ones, 0 of what chance gives; None where all frames are of one class.
    """
    count = len(votes)
    yes = votes.sum(0).astype(np.float64)
    agree = (yes * (yes - 1) + (count - yes) * (count - yes - 1)) / (count * (count - 1))
    share = yes.sum() / votes.size
    chance = share**2 + (1 - share) ** 2
    return None if chance == 1 else float((agree.mean() - chance) / (1 - chance))
