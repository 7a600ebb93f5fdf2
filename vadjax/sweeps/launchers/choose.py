"""The launcher of a sweep by its name: this process, a Ray cluster, or SLURM."""

import functools
import pathlib
from collections.abc import Callable
from typing import Any

from vadjax.errors import UserError, unknown


def choose_launcher(
    name: str, options: str = "", *, workdir: pathlib.Path, search=None
) -> Callable:
    """Return the function that `folder.run_sweep` calls to execute jobs.

    Args:
        name: local, ray or slurm.
        options: "key=value,..." for Ray (address, retries) or submitit's executor.
        workdir: the sweep's folder.
        search: a `search.Search`; successive halving needs the losses of all runs in one process.

    Returns:
        A function with the parameters of `jobs.run_jobs`, without `report`.

    Raises:
        UserError: a package is missing, an option is wrong, or the search needs another launcher.
    """
    parsed: dict[str, Any] = _parse_options(options)
    if name == "local":
        from vadjax.sweeps.jobs import run_jobs

        if parsed:
            raise UserError("--launcher_options are for --launcher=ray or slurm.")
        return functools.partial(run_jobs, report=search.report) if search else run_jobs
    if search is not None and search.kind == "halving":
        raise UserError(
            "successive halving compares runs while they train, in one process: "
            f"it cannot use --launcher={name}; choose local, or --search=sobol."
        )
    if name == "ray":
        from vadjax.sweeps.launchers.ray import ray_launcher

        require("ray")
        if unknowns := parsed.keys() - {"address", "retries"}:
            raise unknown("Ray option", min(unknowns), ("address", "retries"))
        if not isinstance(parsed.get("retries", 0), int):
            raise UserError(f"Ray option retries={parsed['retries']} is not a number, such as 3.")
        return ray_launcher(**parsed)
    from vadjax.sweeps.launchers.slurm import slurm_launcher

    require("submitit")
    return slurm_launcher(workdir / "slurm", **parsed)


def require(package: str) -> None:
    """Check that a package of the extra `sweep` is installed.

    Raises:
        UserError: it is not.
    """
    try:
        __import__(package)
    except ImportError:
        raise UserError(
            f"this launcher needs {package}, which is not installed: pip install 'vadjax[sweep]'."
        ) from None


def _parse_options(options: str) -> dict[str, object]:
    parsed: dict[str, object] = {}
    for part in filter(None, options.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"launcher option {part!r} does not have the form key=value.")
        parsed[key.strip()] = int(value) if value.strip().isdigit() else value.strip()
    return parsed
