"""Models of feature windows and their objectives, by name.

`create` returns a `vadjax.models.model.Model`: pure `init` and `apply` functions over plain dicts
of arrays, so that a model can be jitted, differentiated and vmapped over members.
"""

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vadjax.errors import UserError, unknown
from vadjax.models.registry import (
    ACTIVATIONS,
    LABEL_RULES,
    MODELS,
    OBJECTIVES,
    REDUCTIONS,
    SHORT_CLIPS,
    ModelEntry,
    ObjectiveEntry,
)

if TYPE_CHECKING:
    from vadjax.models.model import Model

__all__ = [
    "ACTIVATIONS",
    "LABEL_RULES",
    "MODELS",
    "OBJECTIVES",
    "REDUCTIONS",
    "SHORT_CLIPS",
    "ModelEntry",
    "ObjectiveEntry",
    "create",
]


def create(model_config: Any, *, feature_shape: Sequence[int], objective: Any) -> "Model":
    """Build a model by name; nothing is computed yet.

    Args:
        model_config: the config section `model`: name, units (widths of the layers), bidirectional,
            dropout, head; channels for models of maps; optionally embed (width of a ReLU layer
            before a recurrence, 0 is none) and dtype ("float32" or "bfloat16": what is computed in;
            parameters stay float32).
        feature_shape: shape of one row: (d,) pooled features, (h, w, c) feature maps.
        objective: an Objective of `objectives.create`, or the config section `objective`.

    Returns:
        The model; a `ProjectingModel` for the recurrent scanners.

    Raises:
        UserError: unknown name, a value out of range, or a model that cannot serve the objective
            or the features.
    """
    name, shape = model_config.name, tuple(int(n) for n in feature_shape)
    if name not in MODELS:
        raise unknown("model", name, MODELS)
    from vadjax.models import objectives

    entry, objective = MODELS[name], objectives.create(objective)
    if objective.name in OBJECTIVES and objective.name not in entry.objectives:
        others = [other for other, e in MODELS.items() if objective.name in e.objectives]
        raise UserError(
            f"model {name} serves the objective {' and '.join(entry.objectives)} only, but "
            f"objective.name is {objective.name!r}; use {', '.join(others)}"
        )
    ranks = {"vectors": (1, 2) if entry.crops else (1,), "maps": (3,)}[entry.reads]
    if len(shape) not in ranks:
        wanted, mend = {
            "vectors": ("pooled features of shape (d,)", "pool the features"),
            "maps": ("feature maps of shape (h, w, c)", "extract maps (features.tap=map)"),
        }[entry.reads]
        others = [other for other, e in MODELS.items() if e.reads != entry.reads]
        raise UserError(
            f"model {name} reads {wanted}, but the features have shape {shape}; {mend}, or use "
            f"{', '.join(others)}"
        )
    module = importlib.import_module(f"vadjax.models.{entry.module}")
    return module.build(model_config, feature_shape=shape, objective=objective)
