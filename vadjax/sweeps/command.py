"""The command `vadjax.sweep`: describes a sweep, executes it, and writes its tables."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vadjax.data.paths import object_store
from vadjax.errors import UserError
from vadjax.report.wording import plural
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.storage.run_store import push_sweep
from vadjax.sweeps.launch import choose_launch
from vadjax.sweeps.plan import Spec, describe_groups, group_by_shape, varied_keys

if TYPE_CHECKING:
    from vadjax.sweeps.search import Search


def run_command(
    specs: Sequence[Spec],
    workdir: pathlib.Path,
    *,
    search: "Search | None" = None,
    launcher: str = "local",
    options: str = "",
    dry_run: bool = False,
    slots: int = 0,
    evaluators: int | None = None,
    push: str = "",
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Describe a sweep, execute its pending runs, and write tables of the finished ones.

    Args:
        specs: the runs; those of `search` where there is one.
        workdir: the sweep's folder.
        search: ranks the runs by their loss on held-out windows.
        launcher: see `launch.choose_launch`.
        options: of the launcher.
        dry_run: only print what the sweep needs.
        slots: members trained at a time; 0 chooses.
        evaluators: other processes that evaluate, see `evaluators.Evaluators`; those of a launcher
            have none.
        push: address in an object store of the sweep's copy, see `run_store.push_sweep`.
        command: the command line that repeats this, for the tables.
        quiet: print nothing; run.log in `workdir` has it all the same.
        verbose: print details, and the time before each line.

    Raises:
        UserError: see `folder.run_sweep`; or, after everything is written, some runs have failed.
    """
    from vadjax.sweeps.folder import check_folder, run_sweep
    from vadjax.sweeps.status import pending_runs

    console = Console(quiet=quiet, verbose=verbose)
    with console.attached(), console.doing("sweep"):
        groups = group_by_shape(specs)
        counts = f"{plural(len(specs), 'run')} in {plural(len(groups), 'group')}"
        console.say(f"vadjax: {counts}, one compiled program each, in {workdir}")
        halving = search is not None and search.kind == "halving"
        launch = choose_launch(
            launcher, options, workdir=workdir, search=search, evaluators=evaluators
        )
        if dry_run:
            from vadjax.sweeps.dry_run import print_estimates

            check_folder(workdir)
            pending = pending_runs(specs, workdir / "runs", console, halving=halving)
            if pending:
                print_estimates(group_by_shape(pending), console, slots=slots)
            return
        if push:
            object_store.listed(
                push
            )  # a store that cannot be used is told before hours of training
        if launcher == "local":
            devices.setup(specs[0].config.features.cache_dir)
            devices.check()
        for line in describe_groups(groups):
            console.say(f"  {line}")
        if search:
            search.replay(workdir / "runs")
        folders, errors = run_sweep(
            specs, workdir, console=console, slots=slots, launch=launch, halving=halving
        )
        lines = _write_tables(specs, workdir, folders, errors, console=console, command=command)
        if search:
            lines.append(search.close(workdir, errors))
        if push:
            done = [folder for folder in folders if (folder / "metrics.json").is_file()]
            count = push_sweep(workdir, done, push)
            lines.append(f"  {plural(count, 'file')} copied to {push}")
        for line in lines:
            console.say(line)
        if errors:
            listed = "".join(f"\n  {name}: {why}" for name, why in errors.items())
            raise UserError(f"{len(errors)} of {len(specs)} runs failed:{listed}")


def _write_tables(
    specs: Sequence[Spec],
    workdir: pathlib.Path,
    folders: Sequence[pathlib.Path],
    errors: Mapping[str, str],
    *,
    console: Console,
    command: str,
) -> list[str]:
    """Write runs.csv, results.* and best.json; return the lines to print."""
    from vadjax.comparison import compare
    from vadjax.sweeps import best, run_table

    lines = run_table.write_runs(workdir, run_table.run_rows(specs, workdir / "runs", errors))
    done = [folder for folder in folders if (folder / "metrics.json").is_file()]
    if not done:
        return lines
    notes = []
    if errors:
        notes.append(f"failed, and without results: {plural(len(errors), 'run')}, see runs.csv")
    if stopped := len(folders) - len(done):
        notes.append(f"stopped early by the search: {plural(stopped, 'run')}")
    outs = [workdir / f"results.{suffix}" for suffix in ("csv", "xlsx", "html")]
    names = [str(folder) for folder in done]
    compare.run(names, console=console, outs=outs, command=command, notes=notes)
    axes = varied_keys([spec.values for spec in specs])
    return lines + best.write_best(workdir / "best.json", best.best_detectors(done, axes))
