"""Jobs of a sweep on a Ray cluster: one worker per device; Ray repeats the jobs of lost workers."""

import pathlib
from collections.abc import Callable

from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.sweeps.launchers import worker


def ray_launcher(
    *, address: str = "", retries: int = 3, work: Callable = worker.run_job
) -> Callable:
    """Return the launcher, see `choose.choose_launcher`.

    Args:
        address: of a running cluster ("auto" finds this machine's); "" starts one here.
        retries: how often a job is repeated whose worker or node was lost.
        work: executes a job, see `worker.run_job`.

    Returns:
        A function with the parameters of `jobs.run_jobs`, without `report`; it raises `UserError`
        where there is no cluster at `address`.
    """

    def run(
        groups, folder: pathlib.Path, *, console: Console, slots: int, on_done: Callable
    ) -> None:
        import ray

        if not ray.is_initialized():
            try:
                ray.init(address=address or None, include_dashboard=False, log_to_driver=False)
            except ConnectionError as error:
                raise UserError(f"no Ray cluster at {address!r}: {error}") from error
        folder = folder.resolve()
        devices, needs = _devices(ray)
        options = {"max_retries": retries, "scheduling_strategy": "SPREAD", **needs}
        console.say(f"  Ray: {devices} workers")
        extract = ray.remote(**options)(worker.extract_features)
        first = [extract.remote(spec, folder) for spec in worker.one_per_features(groups)]
        if first:
            ray.wait(first, num_returns=len(first))
        remote = ray.remote(**options)(work)
        jobs = worker.split_groups(groups, devices)
        pending = {remote.remote(job, folder, slots): job for job in jobs}
        while pending:
            ready, _ = ray.wait(list(pending))
            for future in ready:
                job = pending.pop(future)
                try:
                    outcome = ray.get(future)
                except ray.exceptions.RayError as error:
                    outcome = error
                worker.report_job(job, folder, outcome, on_done)

    return run


def _devices(ray) -> tuple[int, dict]:
    """Return the number of workers and the resources of each: a GPU, else a node's cores."""
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if gpus:
        return gpus, {"num_gpus": 1, "num_cpus": 1}
    nodes = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
    nodes = [cores for cores in nodes if cores]
    return max(len(nodes), 1), {"num_cpus": int(min(nodes, default=1))}
