"""Where the jobs of a sweep execute: in this process, on a Ray cluster, or with SLURM."""

import functools
import pathlib
from collections.abc import Callable
from typing import Any

from vadjax.errors import UserError
from vadjax.launchers.choose import choose_launcher
from vadjax.launchers.launcher import Launcher
from vadjax.runtime.console import Console
from vadjax.sweeps import worker
from vadjax.sweeps.jobs import run_jobs


def choose_launch(
    name: str,
    options: str = "",
    *,
    workdir: pathlib.Path,
    search=None,
    evaluators: int | None = None,
) -> Callable:
    """Return the function that `folder.run_sweep` calls to execute jobs.

    Args:
        name: one of `launchers.choose.LAUNCHERS`.
        options: of the launcher.
        workdir: the sweep's folder.
        search: a `search.Search`; successive halving needs the losses of all runs in one process.
        evaluators: see `jobs.run_jobs`.

    Returns:
        A function with the parameters of `jobs.run_jobs`, without `report`.

    Raises:
        UserError: see `launchers.choose.choose_launcher`, or the search needs another launcher.
    """
    if name != "local" and search is not None and search.kind == "halving":
        raise UserError(
            "successive halving compares runs while they train, in one process: "
            f"it cannot use --launcher={name}; choose local, or --search=sobol."
        )
    launcher = choose_launcher(name, options, folder=workdir)
    if launcher is None:
        report = search.report if search else None
        return functools.partial(run_jobs, report=report, evaluators=evaluators)
    return launched_by(launcher)


def launched_by(launcher: Launcher, work: Callable[..., Any] = worker.run_job) -> Callable:
    """Return the function that `folder.run_sweep` calls, for a launcher.

    Args:
        launcher: executes the jobs.
        work: executes one, see `worker.run_job`.

    Returns:
        See `choose_launch`.
    """

    def run(
        groups, folder: pathlib.Path, *, console: Console, slots: int, on_done: Callable
    ) -> None:
        folder = folder.resolve()
        workers = launcher.start(console)
        first = worker.one_per_features(groups)
        launcher.run(worker.extract_features, [(spec, folder) for spec in first])
        jobs = worker.split_groups(groups, workers)

        def ended(number: int, outcome: Any) -> None:
            worker.report_job(jobs[number], folder, outcome, on_done)

        launcher.run(work, [(job, folder, slots) for job in jobs], on_done=ended)

    return run
