"""Who does the work of a sweep: this process, a Ray cluster, or SLURM.

The unit of work is a piece of a group: runs of one shape. Whoever does it skips what is done, so
that a unit may be started again at any time. The folder and the cache have to be seen by all.
"""

import functools
import math
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from vadjax.console import Console
from vadjax.errors import UserError, unknown
from vadjax.sweeps.plan import Spec


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
        from vadjax.sweeps.on_ray import on_ray

        need("ray")
        if unknowns := given.keys() - {"address", "retries"}:
            raise unknown("Ray option", min(unknowns), ("address", "retries"))
        if not isinstance(given.get("retries", 0), int):
            raise UserError(f"Ray option retries={given['retries']} is no number, such as 3.")
        return on_ray(**given)
    from vadjax.sweeps.on_slurm import on_slurm

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


def pieces(groups: Sequence[Sequence[Spec]], workers: int) -> list[list[Spec]]:
    """Cut every group into as many pieces as there are workers, or fewer.

    >>> [len(piece) for piece in pieces([range(7), range(2)], 3)]
    [3, 3, 1, 1, 1]
    """
    found = []
    for group in groups:
        each = math.ceil(len(group) / max(workers, 1))
        found += [list(group[i : i + each]) for i in range(0, len(group), each)]
    return found


def first_of_features(groups: Sequence[Sequence[Spec]]) -> list[Spec]:
    """Return one run for each set of features, to extract these once and before all else."""
    found: dict[tuple[str, str], Spec] = {}
    for group in groups:
        config = group[0].config
        found.setdefault((str(config.dataset), str(config.features)), group[0])
    return list(found.values())


def bring_features(spec: Spec, folder: pathlib.Path) -> None:
    """Extract what a run needs; its errors come again, and are listed, when it is trained."""
    from vadjax import devices
    from vadjax.stages import extract
    from vadjax.sweeps.group import open_runs

    devices.setup(spec.config.features.cache_dir)
    try:
        extract(open_runs([spec], folder)[0])
    except UserError:
        return


def work(
    unit: Sequence[Spec],
    folder: pathlib.Path,
    slots: int = 0,
    done: Callable[[str, str], None] = lambda name, error: None,
) -> dict[str, str]:
    """Do what is left of a unit, in a process of its own; return {run's name: why it failed}."""
    from vadjax.sweeps.done import is_done
    from vadjax.sweeps.unit import run_units

    console = Console(quiet=True)
    left = [spec for spec in unit if not is_done(spec, folder, console)]
    return run_units([left] if left else [], folder, console=console, slots=slots, done=done)


def settle(unit: Sequence[Spec], folder: pathlib.Path, outcome, done: Callable) -> None:
    """Tell of every run of a unit how it ended.

    Args:
        unit: its runs.
        folder: of the runs.
        outcome: what `work` returned, or the exception that its worker ended with.
        done: called with (name, error).
    """
    from vadjax.sweeps.done import is_done

    quiet = Console(quiet=True)
    for spec in unit:
        if isinstance(outcome, Exception):
            lines = str(outcome).strip().splitlines() or [""]
            why = f"its worker was lost: {type(outcome).__name__}: {lines[-1]}"
            done(spec.name, "" if is_done(spec, folder, quiet) else why)
        else:
            done(spec.name, outcome.get(spec.name, ""))


def _parsed(options: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in filter(None, options.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UserError(f"launcher option {part!r} is no key=value.")
        found[key.strip()] = int(value) if value.strip().isdigit() else value.strip()
    return found
