"""From a list of runs to tables: what the door `vadjax.sweep` calls."""

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.report.wording import plural
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.sweeps.launchers.choose import launcher as choose_launcher
from vadjax.sweeps.plan import VARYING, Spec, grouped, varied

if TYPE_CHECKING:
    from vadjax.sweeps.search import Search

NAMED = ("dataset.name", "dataset.protocol", "features.backbone", "model.name")


def run(
    specs: Sequence[Spec],
    workdir: pathlib.Path,
    *,
    search: "Search | None" = None,
    launcher: str = "local",
    options: str = "",
    dry_run: bool = False,
    slots: int = 0,
    command: str = "",
    quiet: bool = False,
) -> dict[str, str]:
    """Say what will be done, do it, and put the finished runs into tables.

    Args:
        specs: the runs; of `search`, where there is one.
        workdir: of the sweep.
        search: whose loss on held-out windows judges the runs.
        launcher, options: who does the work, see `launchers.choose.launcher`.
        dry_run: only say it.
        slots: members trained at a time; 0 chooses.
        command: how a person would start this again.
        quiet: print nothing.

    Returns:
        The failed runs and why.

    Raises:
        UserError: see `local.run_sweep`; or, when all else is done, some runs have failed.
    """
    from vadjax.sweeps.done import left_of
    from vadjax.sweeps.local import check_folder, run_sweep

    console = Console(quiet=quiet)
    groups = grouped(specs)
    counts = f"{plural(len(specs), 'run')} in {plural(len(groups), 'group')}"
    console.say(f"vadjax: {counts}, a program each, in {workdir}")
    halving = search is not None and search.kind == "halving"
    launch = choose_launcher(launcher, options, workdir=workdir, search=search)
    if dry_run:
        check_folder(workdir)
        left = left_of(specs, workdir / "runs", console, halving=halving)
        if left:
            foresee(grouped(left), console, slots=slots)
        return {}
    for line in described(groups):
        console.say(f"  {line}")

    from vadjax.comparison import compare
    from vadjax.sweeps import table

    if search:
        search.replay(workdir / "runs")
    folders, errors = run_sweep(
        specs, workdir, console=console, slots=slots, launch=launch, halving=halving
    )
    rows = table.rows_of(specs, workdir / "runs", errors)
    said = table.write_runs(workdir, rows)
    done = [folder for folder in folders if (folder / "metrics.json").is_file()]
    if done:
        notes = []
        if errors:
            notes.append(f"failed, and without figures: {plural(len(errors), 'run')}, see runs.csv")
        if stopped := len(folders) - len(done):
            notes.append(f"stopped early by the search: {plural(stopped, 'run')}")
        outs = [workdir / f"results.{suffix}" for suffix in ("csv", "xlsx", "html")]
        compare.run(
            [str(f) for f in done], console=console, outs=outs, command=command, notes=notes
        )
        axes = varied([spec.values for spec in specs])
        said += table.write_best(workdir / "best.json", table.best(done, axes))
    if search:
        said.append(search.close(workdir, errors))
    for line in said:
        console.say(line)
    if errors:
        listed = "".join(f"\n  {name}: {why}" for name, why in errors.items())
        raise UserError(f"{len(errors)} of {len(specs)} runs failed:{listed}")
    return errors


def foresee(groups: Sequence[Sequence[Spec]], console: Console, *, slots: int = 0) -> None:
    """Say of each group, and of all, what it needs: compilations, memory and time.

    Raises:
        UserError: when all is said, some groups cannot run.
    """
    from vadjax.sweeps.budget import Budget, budget, duration
    from vadjax.sweeps.group import open_runs, prepare

    devices.setup(groups[0][0].config.features.cache_dir)
    found: list[Budget | None] = []
    faults: dict[str, int] = {}
    for specs, line in zip(groups, described(groups), strict=True):
        need, why = None, ""
        try:
            runs = open_runs(specs, pathlib.Path("runs"))
            first = runs[0]
            if all(first.store.holds(v.id, v.fingerprint) for v in first.videos.values()):
                need = budget(prepare(runs), slots=slots)
            else:
                why = "memory and time are known once the features are extracted"
        except UserError as error:
            why = str(error) if str(error) not in faults else "cannot run, as above"
            faults[str(error)] = faults.get(str(error), 0) + 1
        found.append(need)
        console.say(f"  {line}: {need or why}")
    known = [need.seconds for need in found if need and need.seconds is not None]
    text = plural(len(groups), "compilation")
    if known:
        text += f", training at most {duration(sum(known))}"
    if len(known) < len(groups):
        text += f", {plural(len(groups) - len(known), 'group')} not measured yet"
    console.say(f"  in all: {plural(sum(map(len, groups)), 'run')}, {text}")
    if faults:
        wrong = f"{sum(faults.values())} of {plural(len(groups), 'group')} cannot run"
        raise UserError(f"{wrong}; mend this first: {next(iter(faults))}")


def described(groups: Sequence[Sequence[Spec]]) -> list[str]:
    """Name each group: its data, protocol, backbone and model, and what else sets it apart."""
    firsts = [group[0] for group in groups]
    keys = dict.fromkeys(key for spec in firsts for key in spec.values)
    apart = [
        key
        for key in keys
        if key not in (*VARYING, *NAMED) and len({repr(s.values.get(key)) for s in firsts}) > 1
    ]
    lines = []
    for group, spec in zip(groups, firsts, strict=True):
        flat = configs.flatten(spec.config.to_dict())
        words = [str(flat[key]) for key in NAMED]
        words += [f"{key}={flat[key]}" for key in apart]
        lines.append(f"{len(group)} x {', '.join(words)}")
    return lines
