"""Where to call a frame abnormal, decided on held-out clips and never on the test clips."""

import numpy as np

from vadjax.errors import unknown
from vadjax.evaluation.frame import cumulative_counts

UNSUPERVISED = ("quantile", "mean_std")
SUPERVISED = ("f1", "youden")
RULES = (*UNSUPERVISED, *SUPERVISED, "half")


def choose_threshold(
    scores, labels, *, rule: str, quantile: float = 0.99, num_std: float = 3.0
) -> tuple[float | None, str]:
    """Choose a threshold from held-out scores; a frame is abnormal from it upwards.

    "quantile" and "mean_std" look at normal frames alone. "f1" and "youden" (TPR - FPR) take the
    best of the held-out scores as it stands, the highest of equally good ones. "half" is .5, for
    scores that are probabilities; it looks at nothing.

    >>> choose_threshold([0.1, 0.2, 0.9], [0, 1, 1], rule="f1")
    (0.2, '')

    Args:
        scores: float [n] of held-out frames.
        labels: [n] {0, 1}; all 0 for normal clips.
        rule: one of `RULES`.
        quantile: of "quantile", in [0, 1].
        num_std: of "mean_std", standard deviations above the mean.

    Returns:
        The threshold, and "", or None and why there is none.

    Raises:
        UserError: the rule is unknown.
    """
    if rule not in RULES:
        raise unknown("evaluate.threshold", rule, RULES)
    if rule == "half":
        return 0.5, ""
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, bool)
    normal = scores[~labels]
    if not len(normal):
        return None, "no held-out normal frame"
    if rule == "quantile":
        return float(np.quantile(normal, quantile)), ""
    if rule == "mean_std":
        return float(normal.mean() + num_std * normal.std()), ""
    if not labels.any():
        return None, f"rule {rule} needs abnormal frames among the held-out ones; there are none"
    thresholds, tp, fp = cumulative_counts(scores, labels)
    if rule == "f1":
        value = 2 * tp / (tp + fp + tp[-1])
    else:
        value = tp * fp[-1] - fp * tp[-1]  # (TPR - FPR) times both totals: exact, so ties are ties
    return float(thresholds[np.argmax(value)]), ""
