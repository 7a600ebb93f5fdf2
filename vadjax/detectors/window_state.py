"""The state of a window model: the variables of its network and the standardisation of rows."""

from collections.abc import Mapping
from typing import NamedTuple

from vadjax.data.leakage.fitted import FittedOn
from vadjax.detectors.contract import State
from vadjax.features.standardize import Standardizer


class Trained(NamedTuple):
    """A state as the model takes it: its variables and the standardisation of rows."""

    variables: dict
    standardizer: Standardizer


def state_of(
    variables: Mapping, standardizer: Standardizer, fitted_on: FittedOn | None = None
) -> State:
    """Return the state of a trained model.

    Args:
        variables: of the model, numpy arrays.
        standardizer: of the rows that it reads.
        fitted_on: the frames that the training read, by purpose.

    Returns:
        {"variables", "mean", "std", "fitted_on"}; the last has the standardisation's frames too.
    """
    read = {"standardisation": standardizer.fitted_on, **(fitted_on or {})}
    return {
        "variables": dict(variables),
        "mean": standardizer.mean,
        "std": standardizer.std,
        "fitted_on": {name: list(frames) for name, frames in read.items() if frames},
    }


def trained_of(state: State) -> Trained:
    """Return a state's variables and standardisation."""
    return Trained(state["variables"], Standardizer(state["mean"], state["std"]))
