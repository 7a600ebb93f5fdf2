"""Search instead of a grid: Optuna proposes runs, the loss on held-out windows judges them.

Random and Sobol search propose all runs at once, so that they are grouped by shape as any sweep.
Successive halving trains them side by side and stops those whose loss is not among the best third
at 1/9 and at 1/3 of the epochs (Li et al., 2020, as Optuna has it). No test label has a say.
"""

import json
import logging
import pathlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.errors import UserError, unknown
from vadjax.runtime.console import Console
from vadjax.storage.files import write_json
from vadjax.sweeps.done import is_done
from vadjax.sweeps.plan import ALIASES, Spec, read_sweep
from vadjax.sweeps.table import ON_TEST, TASK, TASK_OF_FEATURES, heldout_loss

KINDS = ("random", "sobol", "halving")
REDUCTION = 3


def read_space(space: Callable, base: ConfigDict) -> dict[str, dict]:
    """Return what `space(add)` adds: key -> {low, high, log, step} or {choices}.

    Raises:
        UserError: an axis is unknown, empty, or one that the held-out loss cannot judge.
    """
    known = configs.flatten(base.to_dict())
    judged = TASK if base.objective.name == "classify" else TASK_OF_FEATURES
    axes: dict[str, dict] = {}

    def add(key: str, *, choices=None, low=None, high=None, log=False, step=None) -> None:
        key = ALIASES.get(key, key)
        if key not in known:
            raise unknown("config key of a search", key, known)
        if key == "seed" or key.split(".")[0] in judged:
            raise UserError(
                f"{key} is no axis of a search: losses on held-out windows under two values of it "
                "are not of one scale. Give it in the base config, one search for each value."
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
        raise UserError("the search space is empty: its function called add() not once.")
    return axes


class Search:
    """A study: its runs, what is known of them, and which end early.

    Args:
        kind: one of `KINDS`.
        axes: what `read_space` returned.
        base: the config that the axes change; its seed is the study's.
        num_runs: proposals; equal ones count once.

    Raises:
        UserError: Optuna is not installed, or the protocol does not go with a search.
    """

    def __init__(self, kind: str, axes: Mapping[str, Mapping], base: ConfigDict, num_runs: int):
        if kind not in KINDS:
            raise unknown("search", kind, KINDS)
        protocol = base.dataset.protocol
        if protocol in ON_TEST:
            raise UserError(f"no search under {protocol}: {ON_TEST[protocol]}.")
        if kind == "halving" and protocol == "by_video":
            raise UserError(
                "halving judges a run while it trains, and by_video trains one fold after another; "
                "choose --search=sobol."
            )
        self.kind, self.axes = kind, axes
        self._study = _study(kind, seed=base.seed, epochs=base.train.epochs)
        space = {key: _distribution(**axis) for key, axis in axes.items()}
        asked = [self._study.ask(space) for _ in range(num_runs)]
        values = [{k: self._value(k, v) for k, v in trial.params.items()} for trial in asked]
        self.specs: list[Spec] = read_sweep(lambda add: [add(**v) for v in values], base)
        self._trials = {s.name: asked[values.index(dict(s.values))] for s in self.specs}
        self._least: dict[str, float] = {}

    def _value(self, key: str, value):
        if choices := self.axes[key].get("choices"):
            return choices[value]
        return float(f"{value:.4g}") if isinstance(value, float) else value  # as people write it

    def report(self, member, row: Mapping) -> bool:
        """Note a member's held-out loss; true ends it there (`train_members`)."""
        name = member.name.rpartition("|")[0]
        return self._note(name, row)

    def _note(self, name: str, row: Mapping) -> bool:
        trial = self._trials[name]
        self._least[name] = min(self._least.get(name, row["select_loss"]), row["select_loss"])
        trial.report(self._least[name], row["epoch"])
        return self.kind == "halving" and trial.should_prune()

    def replay(self, folder: pathlib.Path) -> None:
        """Note what the runs of an earlier process have shown."""
        quiet = Console(quiet=True)
        for spec in self.specs:
            if is_done(spec, folder, quiet, self.kind == "halving"):
                text = (folder / spec.name / "log.jsonl").read_text(encoding="utf-8")
                for line in text.splitlines():
                    row = json.loads(line)
                    if not row.get("name"):  # of one fold
                        self._note(spec.name, row)

    def close(self, workdir: pathlib.Path, errors: Mapping[str, str]) -> str:
        """Tell the study how the runs ended; write search.json; say what was best."""
        from optuna.trial import TrialState

        rows = []
        for spec in self.specs:
            run, state = workdir / "runs" / spec.name, TrialState.COMPLETE
            loss = heldout_loss(run)
            if spec.name in errors or loss is None:
                state, loss = TrialState.FAIL, None
            elif (run / "stopped.json").is_file():
                state = TrialState.PRUNED
            told = loss if state is TrialState.COMPLETE else None
            self._study.tell(self._trials[spec.name], told, state=state)
            values = {k: list(v) if isinstance(v, tuple) else v for k, v in spec.values.items()}
            rows.append({"run": spec.name, "values": values, "state": state.name, "loss": loss})
        whole = [row for row in rows if row["state"] == "COMPLETE"]
        best = min(whole, key=lambda row: row["loss"]) if whole else None
        found = {"search": self.kind, "by": "loss on held-out windows", "axes": self.axes}
        write_json(workdir / "search.json", {**found, "best": best, "runs": rows})
        stopped = sum(row["state"] == "PRUNED" for row in rows)
        text = f"{self.kind} search: {len(whole)} runs to the end, {stopped} stopped"
        return f"{text}; best {best['run']}, held-out loss {best['loss']:.4f}" if best else text


def _study(kind: str, *, seed: int, epochs: int):
    try:
        import optuna
    except ImportError:
        raise UserError("a search takes Optuna: pip install 'vadjax[sweep]'.") from None
    logging.getLogger("optuna").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if kind == "sobol":
            sampler: optuna.samplers.BaseSampler = optuna.samplers.QMCSampler(
                qmc_type="sobol", scramble=True, seed=seed
            )
        else:
            sampler = optuna.samplers.RandomSampler(seed=seed)
    pruner: Any = optuna.pruners.NopPruner()
    if kind == "halving":
        pruner = optuna.pruners.SuccessiveHalvingPruner(
            min_resource=max(1, epochs // REDUCTION**2), reduction_factor=REDUCTION
        )
    return optuna.create_study(direction="minimize", sampler=sampler, pruner=pruner)


def _distribution(*, choices: Sequence | None = None, low=None, high=None, log=False, step=None):
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if choices is not None:  # by position: a choice may be a tuple
        return CategoricalDistribution(range(len(choices)))
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log, step=step or 1)
    return FloatDistribution(low, high, log=log, step=step)
