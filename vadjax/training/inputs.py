"""What a training reads, its checks, and the hyperparameters that become arrays."""

from typing import Any, NamedTuple

import numpy as np

from vadjax.errors import UserError
from vadjax.training.runs import cut_runs


class TrainingData(NamedTuple):
    """What a training reads; the rows of all its clips lie one behind the other.

    Attributes:
      features: float [n, ...], standardised.
      frame_labels: int32 [n], 1 is abnormal, or None where the objective reads none.
      video_labels: int32 [n], the label of each row's video, or None.
      train: the fitted windows (rows int32 [m, t], video int32 [m]).
      select: the held-out windows on which training stops.
      cell_labels: float16 [n, h, w], the abnormal share of each cell's pixels, or None.
    """

    features: np.ndarray
    frame_labels: np.ndarray | None
    video_labels: np.ndarray | None
    train: Any
    select: Any
    cell_labels: np.ndarray | None = None


def check(data: TrainingData, objective: Any) -> None:
    """Refuse data that cannot be trained on.

    Raises:
      UserError: a table has no window, the features hold NaN or infinity, or labels are missing.
      ValueError: a table points outside the features.
    """
    for table, clips in ((data.train, "fitted"), (data.select, "held-out")):
        if len(table.rows) == 0:
            raise UserError(
                f"no window fits: each of {table.rows.shape[1]} rows is longer than every "
                f"{clips} clip. Choose a smaller window.length or window.dilation."
            )
        if table.rows.min() < 0 or table.rows.max() >= len(data.features):
            raise ValueError(f"a window of the {clips} clips points outside the features")
    bad = sum(
        int((~np.isfinite(rows.reshape(len(rows), -1))).any(1).sum())
        for rows in np.array_split(data.features, max(1, data.features.nbytes >> 24))
    )
    if bad:
        raise UserError(
            f"{bad} of {len(data.features)} feature rows hold NaN or infinity; extract those "
            "videos again (remove them from features.cache_dir), or choose other weights."
        )
    if objective.name == "segment" and data.cell_labels is None:
        raise UserError("objective 'segment' learns from masks, and these clips have none.")
    if objective.supervised and data.frame_labels is None:
        raise UserError(
            f"objective {objective.name!r} learns from labels, and these clips have none."
        )


def hyperparameters(data: TrainingData, config: Any, objective: Any) -> dict[str, np.ndarray]:
    """Return the hyperparameters that may differ between members, float32 arrays.

    A supervised objective has `class_weight` [k]: under "balanced" n / (c n_i) for a class with
    n_i of the n fitted windows, c classes being present, and 1 for an absent class; under "none" 1;
    else the numbers given, such as "1,3".

    Raises:
      UserError: balanced weights are asked for, and the fitted windows are of one class; or there
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
    if objective.supervised:
        weights = np.ones(objective.num_classes)
        if config.objective.class_weight == "balanced":
            assert data.frame_labels is not None  # `check` has refused such data
            labels = np.asarray(objective.window_label(data.frame_labels[data.train.rows]))
            counts = np.bincount(labels, minlength=len(weights))
            present = counts > 0
            if present.sum() == 1:
                raise UserError(
                    f"all {len(labels)} fitted windows are of class {labels[0]} (0 is normal); "
                    f"objective {objective.name!r} needs another class too: choose another "
                    "protocol or a shorter window."
                )
            weights[present] = len(labels) / (present.sum() * counts[present])
        elif config.objective.class_weight != "none":
            weights = np.array([float(w) for w in config.objective.class_weight.split(",")])
            if len(weights) != objective.num_classes:
                raise UserError(
                    f"objective.class_weight has {len(weights)} numbers for "
                    f"{objective.num_classes} classes."
                )
        values["class_weight"] = weights
    return {key: np.asarray(value, np.float32) for key, value in values.items()}


def run_size(train: Any) -> int:
    """Return the windows of a run where `config.train` asks for batches that are runs, else 0."""
    return train.batch_size if train.batches == "runs" else 0


def resident_arrays(data: TrainingData, *, run_size: int = 0) -> dict:
    """Return the arrays that lie on every device while the model trains.

    Args:
      data: see `TrainingData`.
      run_size: with 0, batches are arbitrary windows; else runs of so many neighbouring ones.
    """
    unknown = np.full(len(data.features), -1, np.int32)
    labels = {"frame_label": data.frame_labels, "video_label": data.video_labels}
    cells = {} if data.cell_labels is None else {"cell_label": data.cell_labels}
    return {
        "features": data.features,
        **cells,
        **{key: unknown if v is None else v.astype(np.int32) for key, v in labels.items()},
        "train": _table(data.train, run_size),
        "select": _table(data.select, run_size),
    }


def _table(table: Any, run_size: int) -> dict[str, np.ndarray]:
    cut = cut_runs(table, run_size) if run_size else {}
    return {"rows": table.rows, "video": table.video, **cut}
