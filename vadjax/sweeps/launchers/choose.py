"""Which launcher does the work of a sweep: this process, a Ray cluster, or SLURM."""

import functools
import pathlib
from collections.abc import Callable
from typing import Any

from vadjax.errors import UserError, unknown


def launcher(name: str, options: str = "", *, workdir: pathlib.Path, search=None) -> Callable:
    """Return what `local.run_sweep` calls to have units done.

    Args:
        name: local, ray or slurm.
        options: "key=value,..." for Ray (address, retries) or submitit's executor.
        workdir: of the sweep.
        search: a `search.Search`, which needs every loss at once for successive halving.

    Raises:
        UserError: a package is missing, or the search does not go with the launcher.
    """
    given: dict[str, Any] = _parsed(options)
    if name == "local":
        from vadjax.sweeps.unit import run_units

        if given:
            raise UserError("--launcher_options are for --launcher=ray or slurm.")
        return functools.partial(run_units, report=search.report) if search else run_units
    if search is not None and search.kind == "halving":
        raise UserError(
            f"successive halving compares runs while they train, in one process: "
            f"--launcher={name} does not go with it; choose local, or --search=sobol."
        )
    if name == "ray":
        from vadjax.sweeps.launchers.ray import on_ray

        need("ray")
        if unknowns := given.keys() - {"address", "retries"}:
            raise unknown("Ray option", min(unknowns), ("address", "retries"))
        if not isinstance(given.get("retries", 0), int):
            raise UserError(f"Ray option retries={given['retries']} is no number, such as 3.")
        return on_ray(**given)
    from vadjax.sweeps.launchers.slurm import on_slurm

    need("submitit")
    return on_slurm(workdir / "slurm", **given)


def need(package: str) -> None:
    """Refuse to go on without a package of the extra `sweep`."""
    try:
        __import__(package)
    except ImportError:
        raise UserError(
            f"this launcher takes {package}, which is not installed: pip install 'vadjax[sweep]'."
        ) from None


def _parsed(options: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in filter(None, options.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"launcher option {part!r} is no key=value.")
        found[key.strip()] = int(value) if value.strip().isdigit() else value.strip()
    return found
