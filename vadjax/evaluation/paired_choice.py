"""Chooses a setting by the AUC of single abnormal clips, which all settings share."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CLEAR = 2.0  # standard errors from which on a difference is more than chance


class Chosen(NamedTuple):
    """The outcome of a comparison.

    Attributes:
        recommended: number of that setting.
        best: number of the setting with the largest mean.
        gain: mean of the best less that of the present one.
        error: standard error of the gain over clips.
    """

    recommended: int
    best: int
    gain: float
    error: float


def clip_auc(normal: np.ndarray, abnormal: np.ndarray) -> float:
    """Return the AUC of one clip's abnormal frames against normal frames.

    >>> clip_auc(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 9.0]))
    0.6875

    Args:
        normal: float [n], ascending.
        abnormal: float [m].

    Returns:
        The share of pairs in which the abnormal frame is higher; equal ones count half.
    """
    below = np.searchsorted(normal, abnormal, "left") + np.searchsorted(normal, abnormal, "right")
    return float(below.mean() / (2 * len(normal)))


def means(values: np.ndarray, groups: Sequence[str]) -> dict[str, np.ndarray]:
    """Average over the clips of each group.

    Args:
        values: float [clips, settings].
        groups: of each clip.

    Returns:
        Group -> float [settings], in order of first appearance.
    """
    known = np.array(groups)
    return {group: values[known == group].mean(0) for group in dict.fromkeys(groups)}


def choose(values: np.ndarray, groups: Sequence[str], *, present: int) -> Chosen:
    """Choose the setting with the largest mean over groups, unless chance may have made it so.

    Args:
        values: float [clips, settings], the figure of each setting on each clip.
        groups: of each clip; every group has the same weight.
        present: the setting that is kept unless another one is clearly better.

    Returns:
        The choice.
    """
    by_group = means(values, groups)
    total = np.mean([*by_group.values()], axis=0)
    best = int(total.argmax())
    away = values[:, best] - values[:, present]
    known, squares = np.array(groups), []
    for group in by_group:
        own = away[known == group]
        spread = own if len(own) > 1 else away  # of one clip nothing is known
        squares.append(spread.var(ddof=1) / len(own) if len(away) > 1 else 0.0)
    error = float(np.sqrt(np.sum(squares)) / len(by_group))
    gain = float(total[best] - total[present])
    return Chosen(best if gain > CLEAR * error else present, best, gain, error)
