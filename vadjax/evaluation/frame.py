"""Frame-level metrics: how well scores rank frames, and how a threshold divides them.

Scores are float [n], finite, higher is more abnormal; labels are [n] {0, 1}, 1 is abnormal; a frame
is called abnormal from the threshold upwards (score >= threshold). What is undefined, as an area
under the curve of one class is, is None.

Why not scikit-learn's metrics: on a loaded CPU the AUC took it 5 times as long for 200,000 frames
and 200 times for 2,000 (its input checks), and a page, a table of rules and a bootstrap ask for
thousands of them; of one class it warns and returns NaN or 0. The tests compare each function with
scikit-learn.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike


def cumulative_counts(
    scores: ArrayLike, labels: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count the frames of each class from every distinct score upwards.

    Args:
        scores: float [n].
        labels: [n] {0, 1}.

    Returns:
        thresholds: float64 [k], the distinct scores, falling.
        tp: int64 [k], abnormal frames with score >= threshold.
        fp: int64 [k], normal frames with score >= threshold.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
    order = np.argsort(-scores)
    scores, labels = scores[order], labels[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, len(scores) > 0))  # of each distinct one
    tp = np.cumsum(labels)[last]
    return scores[last], tp, last + 1 - tp


def auc(scores: ArrayLike, labels: ArrayLike) -> float | None:
    """Area under the ROC curve: Pr(abnormal > normal) + Pr(equal) / 2 (Hanley and McNeil 1982).

    Ties are grouped, which is the same as giving them their mid-rank. The sums are integers, so the
    order of the frames changes no digit.

    >>> auc([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1])
    0.875

    Args:
        scores: float [n].
        labels: [n] {0, 1}.

    Returns:
        The area, None for labels of one class.
    """
    _, tp, fp = cumulative_counts(scores, labels)
    if not len(tp) or not tp[-1] or not fp[-1]:
        return None
    before = np.append(0, tp[:-1])
    twice = np.sum(np.diff(fp, prepend=0) * (tp + before))
    return float(twice) / (2 * float(tp[-1]) * float(fp[-1]))


def macro_auc(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[float | None, int]:
    """Average the AUC inside each video; videos of one class are skipped.

    Args:
        pairs: (scores: ArrayLike, labels: ArrayLike) of each video.

    Returns:
        The mean, None where every video was skipped, and how many were.
    """
    values = [auc(scores, labels) for scores, labels in pairs]
    known = [value for value in values if value is not None]
    return (float(np.mean(known)) if known else None), len(values) - len(known)


def average_precision(scores: ArrayLike, labels: ArrayLike) -> float | None:
    """Sum the precision over the steps of recall, without interpolation; chance is the prevalence.

    >>> average_precision([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1])
    0.8333333333333333

    Args:
        scores: float [n].
        labels: [n] {0, 1}.

    Returns:
        The average precision, None without abnormal frames.
    """
    _, tp, fp = cumulative_counts(scores, labels)
    if not len(tp) or not tp[-1]:
        return None
    return float(np.sum(np.diff(tp, prepend=0) * (tp / (tp + fp))) / tp[-1])


def roc_curve(scores: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Compute the ROC curve, with a point for each distinct score.

    Args:
        scores: float [n].
        labels: [n] {0, 1}, of both classes.

    Returns:
        fpr, tpr: float64 [k], rising from 0 to 1.
    """
    _, tp, fp = cumulative_counts(scores, labels)
    return np.append(0, fp) / fp[-1], np.append(0, tp) / tp[-1]


def precision_recall_curve(scores: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Compute the precision-recall curve, with a point for each distinct score.

    Args:
        scores: float [n].
        labels: [n] {0, 1}, of both classes.

    Returns:
        recall (rising), precision: float64 [k].
    """
    _, tp, fp = cumulative_counts(scores, labels)
    return tp / tp[-1], tp / (tp + fp)


def equal_error_rate(fpr: np.ndarray, tpr: np.ndarray) -> float:
    """Return the error where false positives and misses are equal, linear between the points.

    >>> equal_error_rate(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.5, 1.0]))
    0.3333333333333333

    Args:
        fpr: float [k], false-positive rate, rising from 0 to 1.
        tpr: float [k], true-positive rate.

    Returns:
        The rate of either error.
    """
    excess = fpr - (1 - tpr)  # rises from -1 to 1
    after = int(np.argmax(excess >= 0))
    before = after - 1
    share = -excess[before] / (excess[after] - excess[before])
    return float(fpr[before] + share * (fpr[after] - fpr[before]))


def recall_at(fpr: np.ndarray, tpr: np.ndarray, limit: float) -> float:
    """Return the highest recall at a false-positive rate of at most `limit`.

    >>> recall_at(np.array([0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.5, 0.9, 1.0]), 0.1)
    0.5

    Args:
        fpr: float [k], false-positive rate, rising from 0 to 1.
        tpr: float [k], true-positive rate.
        limit: of the false-positive rate.

    Returns:
        The share of abnormal frames, no point between two thresholds being taken.
    """
    return float(tpr[np.searchsorted(fpr, limit, side="right") - 1])


def partial_auc(fpr: np.ndarray, tpr: np.ndarray, limit: float) -> float:
    """Return the area under the ROC curve up to a false-positive rate, standardised.

    0.5 is chance and 1 the best, as of the whole area (McClish 1989, equation 4).

    Args:
        fpr: float [k], false-positive rate, rising from 0 to 1.
        tpr: float [k], true-positive rate.
        limit: of the false-positive rate, below 1.

    Returns:
        The area.
    """
    inside = fpr <= limit
    x = np.append(fpr[inside], limit)
    y = np.append(tpr[inside], np.interp(limit, fpr, tpr))
    chance = limit**2 / 2
    return float((1 + (np.trapezoid(y, x) - chance) / (limit - chance)) / 2)


def thin(x: np.ndarray, y: np.ndarray, num_points: int = 200) -> tuple[list, list]:
    """Thin a curve for drawing: points evenly spaced along it, its ends among them.

    Args:
        x: float [k].
        y: float [k].
        num_points: about how many are kept.

    Returns:
        x, y: lists, rounded to six places.
    """
    if len(x) > num_points:
        length = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
        keep = np.searchsorted(length, np.linspace(0, length[-1], num_points))
        keep = np.unique(np.append(keep.clip(0, len(x) - 1), (0, len(x) - 1)))
        x, y = x[keep], y[keep]
    return np.round(x, 6).tolist(), np.round(y, 6).tolist()


def confusion(called: ArrayLike, labels: ArrayLike) -> dict[str, int]:
    """Count the four outcomes.

    Args:
        called: bool [n], frames called abnormal.
        labels: [n] {0, 1}.

    Returns:
        tp, fp, tn, fn.
    """
    called, labels = np.asarray(called, bool), np.asarray(labels, bool)
    return {
        "tp": int(np.sum(called & labels)),
        "fp": int(np.sum(called & ~labels)),
        "tn": int(np.sum(~called & ~labels)),
        "fn": int(np.sum(~called & labels)),
    }


def threshold_metrics(counts: dict[str, int]) -> dict[str, float | None]:
    """Derive the usual rates from a confusion matrix; abnormal is the positive class.

    A rate whose class does not occur among the labels is None. Precision, F1 and the Matthews
    correlation are 0 by convention where nothing, or everything, is called abnormal. Sensitivity is
    another name of recall; specificity is the share of normal frames that are called normal.
    """
    tp, fp, tn, fn = (counts[key] for key in ("tp", "fp", "tn", "fn"))
    abnormal, normal = tp + fn, fp + tn
    recall = tp / abnormal if abnormal else None
    fpr = fp / normal if normal else None
    balanced = mcc = precision = f1 = None
    if abnormal:
        precision = tp / (tp + fp) if tp + fp else 0.0
        f1 = 2 * tp / (2 * tp + fp + fn)
    if recall is not None and fpr is not None:
        balanced = (recall + 1 - fpr) / 2
        scale = float(tp + fp) * abnormal * normal * (tn + fn)
        mcc = (tp * tn - fp * fn) / scale**0.5 if scale else 0.0
    return {
        "accuracy": (tp + tn) / (abnormal + normal) if abnormal + normal else None,
        "balanced_accuracy": balanced,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "mcc": mcc,
        "specificity": None if fpr is None else 1 - fpr,
        "false_positive_rate": fpr,
    }
