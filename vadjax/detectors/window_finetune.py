"""Fine-tuning for sensitivity: a second training on the normal windows that score highest.

Elavarasi et al. fine-tune "for sensitivity" between training and scoring and do not say how. Here
the share of the training windows that the trained model scores highest, those nearest to what a
threshold would call abnormal, is trained on again at a lower rate. Their scores fall, and with them
the threshold, which is measured on held-out clips afterwards as always.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from ml_collections import ConfigDict

from vadjax.data.splits.windows import WindowTable

if TYPE_CHECKING:
    from vadjax.training.inputs import TrainingData

NAME = "sensitivity"  # of the second training in log.jsonl and checkpoints/


def finetuned(
    detector: Any, variables: Mapping, data: "TrainingData", fit: Callable[..., Any], *, name: str
) -> Any:
    """Train on the highest windows, from the variables of the first training.

    Args:
        detector: the `WindowModel`.
        variables: of the first training.
        data: that it read.
        fit: (data, config, name=, start_from=) -> `training.fit.FitResult`.
        name: of the first training.

    Returns:
        The result of the second training.
    """
    config = second(detector.config)
    scores = window_scores(detector, variables, data)
    kept = highest(scores, detector.config.train.finetune_share)
    table = WindowTable(data.train.rows[kept], data.train.video[kept], data.train.skipped)
    chosen = data._replace(train=table)
    return fit(chosen, config, name=f"{name}-{NAME}" if name else NAME, start_from=variables)


def second(config: ConfigDict) -> ConfigDict:
    """Return the config of the second training: its epochs, a lower rate, no early stopping."""
    own = config.copy_and_resolve_references()
    own.train.epochs, own.train.patience = config.train.finetune_epochs, 0
    own.train.learning_rate = config.train.learning_rate * config.train.finetune_rate
    return own


def highest(scores: np.ndarray, share: float) -> np.ndarray:
    """Return the places of the highest scores, in their order.

    >>> highest(np.array([3.0, 1.0, 2.0, 5.0]), 0.5).tolist()
    [0, 3]

    Args:
        scores: float [n].
        share: of them; at least one is kept.

    Returns:
        int [k].
    """
    count = max(1, round(share * len(scores)))
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def window_scores(detector: Any, variables: Mapping, data: "TrainingData") -> np.ndarray:
    """Score each training window by its last row.

    Args:
        detector: the `WindowModel`.
        variables: of its model.
        data: of its training.

    Returns:
        float32 [m].
    """
    from vadjax.scoring.score_fn import make_score_fn

    rows = data.train.rows
    sizes = {"length": rows.shape[1], "batch_size": detector.config.score.batch_size}
    score = make_score_fn(detector.model(data.row_shape), detector.objective, **sizes)
    scores, start = np.zeros(len(rows), np.float32), 0
    for clip in data.clips:  # windows never cross clips
        mine = (rows[:, 0] >= start) & (rows[:, 0] < start + len(clip))
        if mine.any():
            standard = data.standardize(np.asarray(clip)) if data.standardize else clip
            scores[mine] = score(variables, standard, rows[mine] - np.int32(start))[:, -1]
        start += len(clip)
    return scores
