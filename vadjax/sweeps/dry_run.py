"""The dry run of a sweep: what its groups need, without executing them."""

import pathlib
from collections.abc import Sequence

from vadjax.errors import UserError
from vadjax.report.wording import duration, plural
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.sweeps.budget import Budget, estimate_budget
from vadjax.sweeps.group import open_runs, prepare
from vadjax.sweeps.plan import Spec, describe_groups


def print_estimates(groups: Sequence[Sequence[Spec]], console: Console, *, slots: int = 0) -> None:
    """Print what each group and the whole sweep need: compilations, memory and time.

    Args:
        groups: runs of one shape each; at least one group.
        console: where the lines go.
        slots: members trained at a time; 0 chooses.

    Raises:
        UserError: after all lines are printed, if some groups cannot run.
    """
    devices.setup(groups[0][0].config.features.cache_dir)
    devices.check()
    budgets: list[Budget | None] = []
    faults: dict[str, int] = {}
    for specs, line in zip(groups, describe_groups(groups), strict=True):
        budget, why = None, ""
        try:
            runs = open_runs(specs, pathlib.Path("runs"))
            first = runs[0]
            if not first.gradient:
                why = f"{first.detector.name} is fitted without gradient, one run after another"
            elif all(first.store.holds(v) for v in first.videos.values()):
                budget = estimate_budget(prepare(runs), slots=slots)
            else:
                why = "memory and time are known once the features are extracted"
        except UserError as error:
            why = str(error) if str(error) not in faults else "cannot run, as above"
            faults[str(error)] = faults.get(str(error), 0) + 1
        budgets.append(budget)
        console.say(f"  {line}: {budget or why}")
    known = [b.seconds for b in budgets if b and b.seconds is not None]
    text = plural(len(groups), "compilation")
    if known:
        text += f", training at most {duration(sum(known))}"
    if len(known) < len(groups):
        text += f", {plural(len(groups) - len(known), 'group')} not measured yet"
    console.say(f"  total: {plural(sum(map(len, groups)), 'run')}, {text}")
    if faults:
        failing = f"{sum(faults.values())} of {plural(len(groups), 'group')} cannot run"
        raise UserError(f"{failing}; fix this first: {next(iter(faults))}")
