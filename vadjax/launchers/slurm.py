"""Jobs as SLURM arrays, through submitit."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from vadjax.errors import UserError
from vadjax.runtime.console import Console

DEFAULTS = {"timeout_min": 240, "gpus_per_node": 1, "cpus_per_task": 4, "name": "vadjax"}
MAX_JOBS = 16  # into which work is divided


class Job:
    """A job that SLURM requeues after preemption or its time limit; it skips what is done.

    Args:
        work: called with the arguments of the job.
    """

    def __init__(self, work: Callable[..., Any]):
        self.work = work

    def __call__(self, *args: Any) -> Any:
        return self.work(*args)

    def checkpoint(self, *args: Any) -> Any:
        """Return the same job, which submitit requeues."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, *args)


def executor(folder: pathlib.Path, *, cluster: str = "slurm", **options):
    """Return submitit's executor.

    Args:
        folder: of the jobs' scripts and logs; visible to all nodes.
        cluster: "slurm", or "local" and "debug" for tests on one machine.
        options: submitit's parameters (timeout_min, slurm_partition, ...), which override
            `DEFAULTS`.

    Returns:
        A `submitit.AutoExecutor`.

    Raises:
        UserError: SLURM is not installed, or submitit does not know an option.
    """
    import submitit

    try:
        slurm = submitit.AutoExecutor(folder=folder, cluster=cluster)
        slurm.update_parameters(**{**DEFAULTS, **options})
    except (RuntimeError, NameError, ValueError, TypeError) as error:
        raise UserError(f"SLURM cannot be used: {error}") from error
    return slurm


class SlurmLauncher:
    """See `launcher.Launcher`.

    Args:
        folder: of the jobs' scripts and logs.
        max_jobs: into which work is divided.
        retries: how often a job is submitted again that ended without an answer, because its node
            was lost or it was killed. A job that raises an error is not repeated.
        options: see `executor`.

    Raises:
        UserError: see `executor`.
    """

    def __init__(
        self, folder: pathlib.Path, *, max_jobs: int = MAX_JOBS, retries: int = 3, **options
    ):
        self._folder, self._max_jobs, self._retries = folder, max_jobs, retries
        self._slurm = executor(folder, **options)

    def start(self, console: Console) -> int:
        console.say(f"  SLURM: at most {self._max_jobs} jobs; scripts and logs in {self._folder}")
        return self._max_jobs

    def run(
        self,
        work: Callable[..., Any],
        jobs: Sequence[tuple],
        *,
        on_done: Callable[[int, Any], None] = lambda number, outcome: None,
    ) -> None:
        """Execute jobs, see `launcher.Launcher.run`.

        Args:
            work: called in another process with the arguments of a job.
            jobs: the arguments of each.
            on_done: called here as each job ends.
        """
        from submitit.core.utils import FailedJobError, UncompletedJobError

        waiting, tries = list(range(len(jobs))), self._retries
        while waiting:
            lost = []
            handles = self._submit(work, [jobs[number] for number in waiting])
            try:
                for number, handle in zip(waiting, handles, strict=True):
                    error = handle.exception()  # waits
                    without_answer = isinstance(error, UncompletedJobError)
                    if without_answer and not isinstance(error, FailedJobError) and tries:
                        lost.append(number)
                    else:
                        on_done(number, error or handle.result())
            except BaseException:
                for handle in handles:
                    handle.cancel()
                raise
            waiting, tries = lost, tries - 1

    def _submit(self, work: Callable[..., Any], jobs: Sequence[tuple]) -> list:
        return self._slurm.map_array(Job(work), *zip(*jobs, strict=True))
