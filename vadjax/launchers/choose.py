"""The launcher that is asked for by its name."""

import pathlib
from typing import Any

from vadjax.errors import UserError, unknown
from vadjax.launchers.launcher import Launcher

LAUNCHERS = ("local", "ray", "slurm")  # local is this process, without a launcher


def choose_launcher(name: str, options: str = "", *, folder: pathlib.Path) -> Launcher | None:
    """Return the launcher of this name.

    Args:
        name: one of `LAUNCHERS`.
        options: "key=value,..." for Ray (address, retries), or for SLURM (max_jobs, retries, and
            the parameters of submitit's executor).
        folder: of what the command writes; SLURM's scripts and logs are in its subfolder.

    Returns:
        The launcher; None is this process.

    Raises:
        UserError: a package is missing, or an option is wrong.
    """
    parsed = _parse_options(options)
    if name == "local":
        if parsed:
            raise UserError("--launcher_options are for --launcher=ray or slurm.")
        return None
    if not isinstance(parsed.get("retries", 0), int):
        raise UserError(f"launcher option retries={parsed['retries']} is no number, such as 3.")
    if name == "ray":
        from vadjax.launchers.ray import RayLauncher

        require("ray")
        if unknowns := parsed.keys() - {"address", "retries"}:
            raise unknown("Ray option", min(unknowns), ("address", "retries"))
        return RayLauncher(**parsed)
    from vadjax.launchers.slurm import SlurmLauncher

    require("submitit")
    return SlurmLauncher(folder / "slurm", **parsed)


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


def _parse_options(options: str) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for part in filter(None, options.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"launcher option {part!r} does not have the form key=value.")
        parsed[key.strip()] = int(value) if value.strip().isdigit() else value.strip()
    return parsed
