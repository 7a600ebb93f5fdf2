"""metrics.json of a run that is done."""

import pathlib

from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.storage import artifacts


def read_metrics(workdir: pathlib.Path) -> dict:
    """Read metrics.json as it lies in a workdir, with today's keys.

    Args:
        workdir: of the run.

    Returns:
        What it holds.

    Raises:
        UserError: it is missing or damaged.
    """
    metrics = schema.upgrade(artifacts.read_json(workdir, "metrics.json"))
    if faults := schema.faults_of_saved(metrics):
        raise UserError(
            f"{workdir / 'metrics.json'} is damaged ({'; '.join(faults[:3])}); run "
            "--stage=evaluate again."
        )
    return metrics
