"""What a worker of any launcher does with a job.

A job is a part of a group: runs of one shape. A worker skips the runs that are done, so that a job
can be started again at any time. The folder and the cache have to be visible to all workers.
"""

import math
import pathlib
from collections.abc import Callable, Sequence

from vadjax.detectors import inputs_of
from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.sweeps.plan import Spec


def split_groups(groups: Sequence[Sequence[Spec]], workers: int) -> list[list[Spec]]:
    """Split every group into as many jobs as there are workers, or fewer.

    >>> [len(job) for job in split_groups([range(7), range(2)], 3)]
    [3, 3, 1, 1, 1]

    Args:
        groups: runs of one shape each.
        workers: number of jobs per group, at most.

    Returns:
        The jobs.
    """
    jobs = []
    for group in groups:
        each = math.ceil(len(group) / max(workers, 1))
        jobs += [list(group[i : i + each]) for i in range(0, len(group), each)]
    return jobs


def one_per_features(groups: Sequence[Sequence[Spec]]) -> list[Spec]:
    """Return one run for each set of features, to extract these once and before all else."""
    firsts: dict[tuple, Spec] = {}
    for group in groups:
        config = group[0].config
        inputs = inputs_of(config)
        firsts.setdefault((str(config.dataset), str(config.features), inputs), group[0])
    return list(firsts.values())


def extract_features(spec: Spec, folder: pathlib.Path) -> None:
    """Extract the features of a run; its errors are raised again, and listed, when it is trained.

    Args:
        spec: the run.
        folder: the folder of all runs.
    """
    from vadjax.pipeline.extract import extract
    from vadjax.runtime import devices
    from vadjax.sweeps.group import open_runs

    devices.setup(spec.config.features.cache_dir)
    try:
        extract(open_runs([spec], folder)[0])
    except UserError:
        return


def run_job(
    job: Sequence[Spec],
    folder: pathlib.Path,
    slots: int = 0,
    on_done: Callable[[str, str], None] = lambda name, error: None,
) -> dict[str, str]:
    """Execute the pending runs of a job, in a process of its own.

    Args:
        job: runs of one shape.
        folder: the folder of all runs.
        slots: members trained at a time; 0 chooses.
        on_done: called with (name, error) as each run is done.

    Returns:
        {run's name: why it failed}.
    """
    from vadjax.sweeps.jobs import run_jobs
    from vadjax.sweeps.status import pending_runs

    console = Console(quiet=True)
    pending = pending_runs(job, folder, console)
    jobs = [pending] if pending else []
    # Several workers may share the cores of a machine: none starts processes of its own.
    return run_jobs(jobs, folder, console=console, slots=slots, on_done=on_done, evaluators=0)


def report_job(job: Sequence[Spec], folder: pathlib.Path, outcome, on_done: Callable) -> None:
    """Report of every run of a job how it ended.

    Args:
        job: its runs.
        folder: the folder of all runs.
        outcome: what `run_job` returned, or the exception that its worker ended with.
        on_done: called with (name, error).
    """
    from vadjax.sweeps.status import is_done

    quiet = Console(quiet=True)
    for spec in job:
        if isinstance(outcome, Exception):
            lines = str(outcome).strip().splitlines() or [""]
            why = f"its worker was lost: {type(outcome).__name__}: {lines[-1]}"
            on_done(spec.name, "" if is_done(spec, folder, quiet) else why)
        else:
            on_done(spec.name, outcome.get(spec.name, ""))
