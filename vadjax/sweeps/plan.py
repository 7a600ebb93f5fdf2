"""What a sweep will do, before it does anything: its runs, and the groups that train as one."""

import dataclasses
import importlib.util
import inspect
import itertools
import pathlib
from collections.abc import Callable, Mapping, Sequence

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.errors import UserError, unknown

# Arrays in the training state: members that differ in these alone share one compiled program.
VARYING = ("seed", "train.learning_rate", "train.weight_decay", "model.dropout")
GROUND = ("dataset", "features", "window")
SHORT = {"train.learning_rate": "lr", "train.weight_decay": "wd", "features.backbone": "backbone"}
ALIASES = {"train.lr": "train.learning_rate", "backbone": "features.backbone"}


@dataclasses.dataclass(frozen=True)
class Spec:
    """One run of a sweep.

    Attributes:
        name: of its folder: a number and what differs.
        values: config keys and their values, as the sweep function added them.
        config: validated.
    """

    name: str
    values: Mapping[str, object]
    config: ConfigDict

    @property
    def shape(self) -> str:
        """Return what has to be equal for two runs to train in one population."""
        flat = configs.flatten(self.config.to_dict())
        key = {k: v for k, v in flat.items() if k not in VARYING}
        # Without dropout the model is compiled without it; a balanced weight is an array anyway.
        return configs.fingerprint({**key, "drops": flat["model.dropout"] > 0})

    @property
    def ground(self) -> str:
        """Return what has to be equal for two runs to share data, features and baselines."""
        config = self.config.to_dict()
        return configs.fingerprint({name: config[name] for name in GROUND})


EXAMPLES = {
    "sweep": "one that calls add(seed=0, ...) for each run, as configs/sweeps/synthetic_rates.py",
    "space": "one that calls add('train.learning_rate', low=1e-4, high=1e-2, log=True) for each "
    "axis, as configs/sweeps/synthetic_search.py",
}


def function_of(file: str | pathlib.Path, name: str = "sweep") -> Callable:
    """Return the function `sweep(add)` or `space(add)` of a config file.

    Raises:
        UserError: the file has none.
    """
    spec = importlib.util.spec_from_file_location("sweep_config", file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, name, None)):
        raise UserError(f"{file} has no function {name}(add); write {EXAMPLES[name]} does.")
    return getattr(module, name)


def read_sweep(sweep: Callable, base: ConfigDict, argument: str = "") -> list[Spec]:
    """Return the runs that `sweep(add)` adds to the config `base`.

    `add` takes config keys as keywords, dotted ones through `**{"train.learning_rate": 1e-3}`; the
    short forms of `ALIASES` too. Runs that are added twice count once. A function of two
    parameters, `sweep(add, arg)`, gets what stands behind the colon of --config as well.

    Raises:
        UserError: it adds none, a key is unknown, or a config is not valid: all faults at once.
    """
    known = configs.flatten(base.to_dict())
    added: list[dict] = []

    def add(**values) -> None:
        values = {ALIASES.get(key, key): value for key, value in values.items()}
        for key in values:
            if key not in known:
                raise unknown("config key of a sweep", key, known)
        if values not in added:
            added.append(values)

    sweep(*(add, argument)[: len(inspect.signature(sweep).parameters)])
    if not added:
        raise UserError("the sweep is empty: its function called add() not once; is an axis empty?")
    moving = varied(added)
    specs, faults = [], []
    for number, values in enumerate(added):
        config = base.copy_and_resolve_references()
        try:
            config.update_from_flattened_dict(values)
            specs.append(Spec(_name(number, values, moving), values, configs.validate(config)))
        except (UserError, TypeError, ValueError) as error:
            faults.append(f"run {number} ({values}): {error}")
    if faults:
        shown = faults[:5] + ([f"and {len(faults) - 5} more"] if len(faults) > 5 else [])
        raise UserError("the sweep holds runs that cannot be:\n  " + "\n  ".join(shown))
    return specs


def grouped(specs: Sequence[Spec]) -> list[list[Spec]]:
    """Return the groups of runs that share a compiled program, in the order of their first runs."""
    by_shape: dict[str, list[Spec]] = {}
    for spec in specs:
        by_shape.setdefault(spec.shape, []).append(spec)
    return list(by_shape.values())


def varied(added: Sequence[Mapping]) -> list[str]:
    """Return the keys that have more than one value, in their first order."""
    keys = dict.fromkeys(itertools.chain.from_iterable(added))
    return [k for k in keys if len({repr(values.get(k)) for values in added}) > 1]


def _name(number: int, values: Mapping, moving: Sequence[str]) -> str:
    """Name a run's folder.

    >>> _name(3, {"seed": 1, "train.learning_rate": 0.001}, ["seed", "train.learning_rate"])
    '0003-seed=1-lr=0.001'
    """
    parts = [f"{number:04d}"]
    for key in moving:
        if key in values:
            value = values[key]
            text = "x".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
            parts.append(f"{SHORT.get(key, key.rpartition('.')[2])}={text}")
    return "-".join(parts).replace("/", "_")[:120]
