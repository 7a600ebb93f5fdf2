"""Search instead of a grid: Optuna proposes runs, ranked by their loss on held-out windows.

Random and Sobol search propose all runs at once, so that they are grouped by shape as in any sweep.
Successive halving trains them side by side and stops those whose loss is not among the best third
at 1/9 and at 1/3 of the epochs (Li et al., 2020, as implemented by Optuna). Test labels are not
used.
"""

import json
import logging
import pathlib
import warnings
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from vadjax.errors import UserError, unknown
from vadjax.runtime.console import Console
from vadjax.storage.files import write_json
from vadjax.sweeps.best import SELECTED_ON_TEST, heldout_loss
from vadjax.sweeps.plan import Spec, read_sweep
from vadjax.sweeps.search_space import distribution
from vadjax.sweeps.status import is_done

KINDS = ("random", "sobol", "halving")
REDUCTION = 3


class Search:
    """An Optuna study: its runs, their losses, and which runs stop early.

    Args:
        kind: one of `KINDS`.
        axes: what `search_space.read_space` returned.
        base: the config that the axes change; its seed is the study's.
        num_runs: number of proposals; equal ones count once.

    Attributes:
        specs: the proposed runs.

    Raises:
        UserError: Optuna is not installed, or the protocol cannot be searched.
    """

    def __init__(self, kind: str, axes: Mapping[str, Mapping], base: ConfigDict, num_runs: int):
        if kind not in KINDS:
            raise unknown("search", kind, KINDS)
        protocol = base.dataset.protocol
        if protocol in SELECTED_ON_TEST:
            raise UserError(f"no search under {protocol}: {SELECTED_ON_TEST[protocol]}.")
        if kind == "halving" and protocol == "by_video":
            raise UserError(
                "halving ranks runs while they train, and by_video trains one fold after another; "
                "choose --search=sobol."
            )
        self.kind, self.axes = kind, axes
        self._study = _create_study(kind, seed=base.seed, epochs=base.train.epochs)
        space = {key: distribution(**axis) for key, axis in axes.items()}
        trials = [self._study.ask(space) for _ in range(num_runs)]
        values = [{k: self._value(k, v) for k, v in trial.params.items()} for trial in trials]
        self.specs: list[Spec] = read_sweep(lambda add: [add(**v) for v in values], base)
        self._trials = {s.name: trials[values.index(dict(s.values))] for s in self.specs}
        self._least_loss: dict[str, float] = {}

    def _value(self, key: str, value):
        """Return the config value of a proposal, floats rounded to four digits."""
        if choices := self.axes[key].get("choices"):
            return choices[value]
        return float(f"{value:.4g}") if isinstance(value, float) else value

    def report(self, member, row: Mapping) -> bool:
        """Record the held-out loss of a member after an epoch, see `training.train_members`.

        Args:
            member: a `training.population.Member`.
            row: of its history, with "epoch" and "select_loss".

        Returns:
            Whether the member stops here.
        """
        name = member.name.rpartition("|")[0]
        return self._record(name, row)

    def _record(self, name: str, row: Mapping) -> bool:
        loss = min(self._least_loss.get(name, row["select_loss"]), row["select_loss"])
        self._least_loss[name] = loss
        self._trials[name].report(loss, row["epoch"])
        return self.kind == "halving" and self._trials[name].should_prune()

    def replay(self, folder: pathlib.Path) -> None:
        """Record the losses of the runs that an earlier process has finished."""
        quiet = Console(quiet=True)
        for spec in self.specs:
            if is_done(spec, folder, quiet, self.kind == "halving"):
                text = (folder / spec.name / "log.jsonl").read_text(encoding="utf-8")
                for line in text.splitlines():
                    row = json.loads(line)
                    if not row.get("name"):  # runs of several folds are not ranked while training
                        self._record(spec.name, row)

    def close(self, workdir: pathlib.Path, errors: Mapping[str, str]) -> str:
        """Report how the runs ended to the study, and write search.json.

        Args:
            workdir: the sweep's folder.
            errors: {run's name: why it failed}.

        Returns:
            A line that names the best run.
        """
        from optuna.trial import TrialState

        rows = []
        for spec in self.specs:
            run, state = workdir / "runs" / spec.name, TrialState.COMPLETE
            loss = heldout_loss(run)
            if spec.name in errors or loss is None:
                state, loss = TrialState.FAIL, None
            elif (run / "stopped.json").is_file():
                state = TrialState.PRUNED
            final = loss if state is TrialState.COMPLETE else None
            self._study.tell(self._trials[spec.name], final, state=state)
            values = {k: list(v) if isinstance(v, tuple) else v for k, v in spec.values.items()}
            rows.append({"run": spec.name, "values": values, "state": state.name, "loss": loss})
        complete = [row for row in rows if row["state"] == "COMPLETE"]
        best = min(complete, key=lambda row: row["loss"]) if complete else None
        head = {"search": self.kind, "by": "loss on held-out windows", "axes": self.axes}
        write_json(workdir / "search.json", {**head, "best": best, "runs": rows})
        stopped = sum(row["state"] == "PRUNED" for row in rows)
        text = f"{self.kind} search: {len(complete)} runs trained to the end, {stopped} stopped"
        return f"{text}; best {best['run']}, held-out loss {best['loss']:.4f}" if best else text


def _create_study(kind: str, *, seed: int, epochs: int):
    try:
        import optuna
    except ImportError:
        raise UserError("a search needs Optuna: pip install 'vadjax[sweep]'.") from None
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
