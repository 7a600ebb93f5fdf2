"""The state of a window model: the variables of its network and the standardisation of rows."""

from collections.abc import Mapping
from typing import NamedTuple

from vadjax.detectors.contract import State
from vadjax.features.standardize import Standardizer


class Trained(NamedTuple):
    """A state as the model takes it: its variables and the standardisation of rows."""

    variables: dict
    standardizer: Standardizer


def state_of(variables: Mapping, standardizer: Standardizer) -> State:
    """Return the state of a trained model.

    Args:
        variables: of the model, numpy arrays.
        standardizer: of the rows that it reads.

    Returns:
        {"variables", "mean", "std"}.
    """
    return {"variables": dict(variables), "mean": standardizer.mean, "std": standardizer.std}


def trained_of(state: State) -> Trained:
    """Return a state's variables and standardisation."""
    return Trained(state["variables"], Standardizer(state["mean"], state["std"]))
