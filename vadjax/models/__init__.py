"""Scanners over feature windows and autoencoders, by name.

`create` returns a `vadjax.models.model.Model`: pure `init` and `apply` functions over plain dicts
of arrays, so that a model can be jitted, differentiated and vmapped over members.
"""

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vadjax.errors import unknown

if TYPE_CHECKING:
    from vadjax.models.model import Model

_MODULES = {
    "simple_rnn": "recurrent",
    "lstm": "recurrent",
    "gru": "recurrent",
    "lstm_gru": "recurrent",
    "dense": "dense",
    "dense_autoencoder": "autoencoder",
    "conv_autoencoder": "autoencoder",
    "appearance_to_flow": "appearance_to_flow",
    "unet_segmenter": "unet_segmenter",
}
MODELS = tuple(_MODULES)


def create(model_config: Any, *, feature_shape: Sequence[int], objective: Any) -> "Model":
    """Build a model by name; nothing is computed yet.

    Args:
        model_config: the config section `model`: name, units (widths of the layers), bidirectional,
            dropout, head; channels for conv_autoencoder and appearance_to_flow; optionally embed
            (width of a ReLU layer before a recurrence, 0 is none) and dtype ("float32" or
            "bfloat16": what is computed in; parameters stay float32).
        feature_shape: shape of one row: (d,) pooled features, (h, w, c) feature maps.
        objective: an Objective of `objectives.create`, or the config section `objective`.

    Returns:
        A Model; a RecurrentModel for the recurrent scanners.

    Raises:
        UserError: unknown name, a value out of range, or a model that cannot serve the objective
            or the features.
    """
    if model_config.name not in _MODULES:
        raise unknown("model", model_config.name, MODELS)
    from vadjax.models import objectives

    module = importlib.import_module(f"vadjax.models.{_MODULES[model_config.name]}")
    return module.build(
        model_config,
        feature_shape=tuple(int(n) for n in feature_shape),
        objective=objectives.create(objective),
    )
