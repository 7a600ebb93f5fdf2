"""Units of a sweep on a Ray cluster: one worker a device; Ray does them again when one is lost."""

import pathlib
from collections.abc import Callable

from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.sweeps.launchers import worker


def on_ray(*, address: str = "", retries: int = 3, work: Callable = worker.work) -> Callable:
    """Return the launcher, see `choose.launcher`.

    Args:
        address: of a running cluster ("auto" finds this machine's); "" starts one here.
        retries: how often a unit is done again whose worker or node was lost.
        work: what is done with a unit.
    """

    def run(units, folder: pathlib.Path, *, console: Console, slots: int, done: Callable) -> None:
        import ray

        if not ray.is_initialized():
            try:
                ray.init(address=address or None, include_dashboard=False, log_to_driver=False)
            except ConnectionError as error:
                raise UserError(f"no Ray cluster at {address!r}: {error}") from error
        folder = folder.resolve()
        devices, needs = _devices(ray)
        again = {"max_retries": retries, "scheduling_strategy": "SPREAD", **needs}
        console.say(f"  Ray: {devices} workers")
        bring = ray.remote(**again)(worker.bring_features)
        first = [bring.remote(spec, folder) for spec in worker.first_of_features(units)]
        if first:
            ray.wait(first, num_returns=len(first))
        remote = ray.remote(**again)(work)
        pending = {remote.remote(u, folder, slots): u for u in worker.pieces(units, devices)}
        while pending:
            ready, _ = ray.wait(list(pending))
            for future in ready:
                unit = pending.pop(future)
                try:
                    outcome = ray.get(future)
                except ray.exceptions.RayError as error:
                    outcome = error
                worker.settle(unit, folder, outcome, done)

    return run


def _devices(ray) -> tuple[int, dict]:
    """Return the number of workers and what each takes: a GPU, else a node's cores."""
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if gpus:
        return gpus, {"num_gpus": 1, "num_cpus": 1}
    nodes = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
    nodes = [cores for cores in nodes if cores]
    return max(len(nodes), 1), {"num_cpus": int(min(nodes, default=1))}
