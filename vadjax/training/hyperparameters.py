"""The hyperparameters of a training that become arrays, so that members may differ in them."""

from typing import Any

import numpy as np

from vadjax.data.splits.windows import real_rows
from vadjax.errors import UserError
from vadjax.models.model import Objective
from vadjax.training.inputs import TrainingData


def hyperparameters(data: TrainingData, config: Any, objective: Objective) -> dict[str, np.ndarray]:
    """Return the hyperparameters that may differ between members.

    An objective of classes has `class_weight` [k]: under "balanced" n / (c n_i) for a class with
    n_i of the n training windows, c classes being present, and 1 for an absent class; under "none"
    1; else the numbers given, such as "1,3".

    Args:
      data: see `TrainingData`.
      config: the whole config; `train`, `model.dropout` and `objective.class_weight` are read.
      objective: one of classes has `num_classes` and `window_label`.

    Returns:
      float32 arrays by name.

    Raises:
      UserError: balanced weights are asked for, and the training windows are of one class; or there
        is not one number a class.
    """
    values = {
        "learning_rate": config.train.learning_rate,
        "weight_decay": config.train.weight_decay,
        "dropout": config.model.dropout,
    }
    if config.train.schedule == "plateau":
        for key in ("plateau_patience", "plateau_factor"):
            values[key] = config.train[key]
    if hasattr(objective, "num_classes"):
        values["class_weight"] = _class_weights(data, config.objective.class_weight, objective)
    return {key: np.asarray(value, np.float32) for key, value in values.items()}


def _class_weights(data: TrainingData, asked: str, objective: Any) -> np.ndarray:
    weights = np.ones(objective.num_classes)
    if asked == "balanced":
        rows = data.train.rows
        if "video_class" in objective.reads and data.video_classes is not None:
            labels = data.video_classes[rows[:, 0]]
        elif data.frame_labels is not None:
            real = real_rows(data.train)
            labels = np.asarray(objective.window_label(data.frame_labels[rows], real))
        else:
            raise UserError(f"objective {objective.name!r} learns from labels, and there are none.")
        counts = np.bincount(labels, minlength=len(weights))
        present = counts > 0
        if present.sum() == 1:
            raise UserError(
                f"all {len(labels)} training windows are of class {labels[0]} (0 is normal); "
                f"objective {objective.name!r} needs another class too: choose another "
                "protocol or a shorter window."
            )
        weights[present] = len(labels) / (present.sum() * counts[present])
    elif asked != "none":
        weights = np.array([float(w) for w in asked.split(",")])
        if len(weights) != objective.num_classes:
            raise UserError(
                f"objective.class_weight has {len(weights)} numbers for "
                f"{objective.num_classes} classes."
            )
    return weights
