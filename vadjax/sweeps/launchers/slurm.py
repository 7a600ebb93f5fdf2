"""Units of a sweep as SLURM jobs, one array, through submitit."""

import pathlib
from collections.abc import Callable

from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.sweeps.launchers import worker

DEFAULTS = {"timeout_min": 240, "gpus_per_node": 1, "cpus_per_task": 4, "name": "vadjax"}
UNITS = 16  # pieces of a group, at most


class _Job:
    """What SLURM requeues (preemption, time limit); it then does what is left."""

    def checkpoint(self, *args):
        """Return the same job, for submitit to put into the queue again."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, *args)


class Work(_Job):
    """A job that trains."""

    def __call__(self, unit, folder: pathlib.Path, slots: int) -> dict[str, str]:
        return worker.work(unit, folder, slots)


class Features(_Job):
    """A job that extracts features."""

    def __call__(self, spec, folder: pathlib.Path) -> None:
        worker.bring_features(spec, folder)


def executor(folder: pathlib.Path, *, cluster: str = "slurm", **options):
    """Return submitit's executor.

    Args:
        folder: of the jobs' scripts and logs; seen by all nodes.
        cluster: "slurm", or "local" and "debug" for tests on one machine.
        options: submitit's parameters (timeout_min, slurm_partition, ...), over `DEFAULTS`.

    Raises:
        UserError: there is no SLURM here, or submitit does not know an option.
    """
    import submitit

    try:
        made = submitit.AutoExecutor(folder=folder, cluster=cluster)
        made.update_parameters(**{**DEFAULTS, **options})
    except (RuntimeError, NameError, ValueError, TypeError) as error:
        raise UserError(f"SLURM cannot be used: {error}") from error
    return made


def on_slurm(jobs: pathlib.Path, *, units: int = UNITS, **options) -> Callable:
    """Return the launcher, see `choose.launcher`.

    Args:
        jobs: folder of the jobs' scripts and logs.
        units: pieces of a group, at most.
        options: see `executor`.
    """
    made = executor(jobs, **options)
    count = units

    def run(units, folder: pathlib.Path, *, console: Console, slots: int, done: Callable) -> None:
        folder = folder.resolve()
        first = worker.first_of_features(units)
        cut = worker.pieces(units, count)
        console.say(f"  SLURM: {len(cut)} jobs, scripts and logs in {jobs}")
        submitted: list = []
        try:
            if first:
                submitted += made.map_array(Features(), first, [folder] * len(first))
                for job in submitted:
                    job.wait()
            running = made.map_array(Work(), cut, [folder] * len(cut), [slots] * len(cut))
            submitted += running
            for unit, job in zip(cut, running, strict=True):
                error = job.exception()  # waits
                worker.settle(unit, folder, error or job.result(), done)
        except BaseException:
            for job in submitted:
                job.cancel()
            raise

    return run
