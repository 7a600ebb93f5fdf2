"""Jobs of a sweep as one SLURM array, through submitit."""

import pathlib
from collections.abc import Callable

from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.sweeps.launchers import worker

DEFAULTS = {"timeout_min": 240, "gpus_per_node": 1, "cpus_per_task": 4, "name": "vadjax"}
MAX_JOBS = 16  # per group


class _Job:
    """A job that SLURM requeues after preemption or its time limit; it skips runs that are done."""

    def checkpoint(self, *args):
        """Return the same job, which submitit requeues."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, *args)


class TrainJob(_Job):
    """Executes a job of the sweep."""

    def __call__(self, job, folder: pathlib.Path, slots: int) -> dict[str, str]:
        return worker.run_job(job, folder, slots)


class ExtractJob(_Job):
    """Extracts the features of a run."""

    def __call__(self, spec, folder: pathlib.Path) -> None:
        worker.extract_features(spec, folder)


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


def slurm_launcher(jobs_dir: pathlib.Path, *, max_jobs: int = MAX_JOBS, **options) -> Callable:
    """Return the launcher, see `choose.choose_launcher`.

    Args:
        jobs_dir: folder of the jobs' scripts and logs.
        max_jobs: jobs per group, at most.
        options: see `executor`.

    Returns:
        A function with the parameters of `jobs.run_jobs`, without `report`.

    Raises:
        UserError: see `executor`.
    """
    slurm = executor(jobs_dir, **options)

    def run(
        groups, folder: pathlib.Path, *, console: Console, slots: int, on_done: Callable
    ) -> None:
        folder = folder.resolve()
        first = worker.one_per_features(groups)
        jobs = worker.split_groups(groups, max_jobs)
        console.say(f"  SLURM: {len(jobs)} jobs, scripts and logs in {jobs_dir}")
        submitted: list = []
        try:
            if first:
                submitted += slurm.map_array(ExtractJob(), first, [folder] * len(first))
                for handle in submitted:
                    handle.wait()
            handles = slurm.map_array(TrainJob(), jobs, [folder] * len(jobs), [slots] * len(jobs))
            submitted += handles
            for job, handle in zip(jobs, handles, strict=True):
                error = handle.exception()  # waits
                worker.report_job(job, folder, error or handle.result(), on_done)
        except BaseException:
            for handle in submitted:
                handle.cancel()
            raise

    return run
