"""The axes of a search: read from a config's `space(add)`, and as Optuna's distributions."""

from collections.abc import Callable, Sequence

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.errors import UserError, unknown
from vadjax.sweeps.best import TASK_OF_FEATURES, TASK_OF_LABELS
from vadjax.sweeps.plan import ALIASES


def read_space(space: Callable, base: ConfigDict) -> dict[str, dict]:
    """Return the axes that `space(add)` adds.

    Args:
        space: calls `add(key, choices=)` or `add(key, low=, high=, log=, step=)` for each axis.
        base: the config that the axes change.

    Returns:
        {config key: {low, high, log, step} or {choices}}.

    Raises:
        UserError: an axis is unknown or empty, or changes the scale of the held-out loss.
    """
    known = configs.flatten(base.to_dict())
    task = TASK_OF_LABELS if base.objective.name == "classify" else TASK_OF_FEATURES
    axes: dict[str, dict] = {}

    def add(key: str, *, choices=None, low=None, high=None, log=False, step=None) -> None:
        key = ALIASES.get(key, key)
        if key not in known:
            raise unknown("config key of a search", key, known)
        if key == "seed" or key.split(".")[0] in task:
            raise UserError(
                f"{key} cannot be an axis of a search: losses on held-out windows for two values "
                "of it are not on one scale. Set it in the base config, one search for each value."
            )
        if choices is not None and list(choices):
            axes[key] = {"choices": list(choices)}
        elif choices is None and low is not None and high is not None and low < high:
            kind = type(known[key]) if isinstance(known[key], (int, float)) else type(low)
            axes[key] = {"low": kind(low), "high": kind(high), "log": log, "step": step}
        else:
            raise UserError(f"axis {key} is empty; give choices=[...], or low below high.")

    space(add)
    if not axes:
        raise UserError("the search space is empty: its function never called add().")
    return axes


def distribution(*, choices: Sequence | None = None, low=None, high=None, log=False, step=None):
    """Return Optuna's distribution of an axis.

    Args:
        choices: the distribution is over their indices, since a choice may be a tuple.
        low: least value, inclusive; two integers make an integer axis.
        high: greatest value, inclusive.
        log: sample on a logarithmic scale.
        step: distance of neighbouring values; None is 1 or continuous.

    Returns:
        A distribution of `optuna.distributions`.
    """
    from optuna import distributions

    if choices is not None:
        return distributions.CategoricalDistribution(range(len(choices)))
    if isinstance(low, int) and isinstance(high, int):
        return distributions.IntDistribution(low, high, log=log, step=step or 1)
    return distributions.FloatDistribution(low, high, log=log, step=step)
