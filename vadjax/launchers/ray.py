"""Jobs on a Ray cluster: one worker per device; Ray repeats the jobs of lost workers."""

from collections.abc import Callable, Sequence
from typing import Any

from vadjax.errors import UserError
from vadjax.runtime.console import Console


class RayLauncher:
    """See `launcher.Launcher`.

    Args:
        address: of a running cluster ("auto" finds this machine's); "" starts one here.
        retries: how often a job is repeated whose worker or node was lost.
    """

    def __init__(self, *, address: str = "", retries: int = 3):
        self._address, self._retries = address, retries
        self._needs: dict[str, Any] = {}

    def start(self, console: Console) -> int:
        import ray

        if not ray.is_initialized():
            try:
                ray.init(
                    address=self._address or None, include_dashboard=False, log_to_driver=False
                )
            except ConnectionError as error:
                raise UserError(f"no Ray cluster at {self._address!r}: {error}") from error
        workers, self._needs = _devices(ray)
        console.say(f"  Ray: {workers} workers")
        return workers

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
        import ray

        options = {"max_retries": self._retries, "scheduling_strategy": "SPREAD", **self._needs}
        remote = ray.remote(**options)(work)
        pending = {remote.remote(*job): number for number, job in enumerate(jobs)}
        while pending:
            ready, _ = ray.wait(list(pending))
            for future in ready:
                number = pending.pop(future)
                try:
                    outcome = ray.get(future)
                except ray.exceptions.RayError as error:
                    outcome = error
                on_done(number, outcome)


def _devices(ray) -> tuple[int, dict]:
    """Return the number of workers and the resources of each: a GPU, else a node's cores."""
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if gpus:
        return gpus, {"num_gpus": 1, "num_cpus": 1}
    nodes = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
    nodes = [cores for cores in nodes if cores]
    return max(len(nodes), 1), {"num_cpus": int(min(nodes, default=1))}
