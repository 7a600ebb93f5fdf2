"""What a model is trained for, and how its outputs become scores of frames; one module each."""

import importlib
from typing import Any

from vadjax.errors import unknown
from vadjax.models.model import Objective
from vadjax.models.registry import OBJECTIVES

__all__ = ["Objective", "create"]


def create(config: Any) -> Objective:
    """Build an objective from the config section `objective`; an Objective is returned as it is.

    Args:
        config: name; for classify activation, label_rule and optionally num_classes; for the
            unsupervised ones optionally reduce and target_gradient.

    Returns:
        The objective.

    Raises:
        UserError: an unknown name or choice, or too few classes.
    """
    if hasattr(config, "frame_score"):
        return config
    if config.name not in OBJECTIVES:
        raise unknown("objective", config.name, OBJECTIVES)
    module = importlib.import_module(f"{__name__}.{OBJECTIVES[config.name].module}")
    return module.build(config)
