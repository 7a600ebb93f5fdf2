"""The unit of work of a sweep, as every launcher has it done.

A unit is a part of a group: runs of one shape. Whoever does it skips what is done, so that a unit
may be started again at any time. The folder and the cache have to be visible to all.
"""

import math
import pathlib
from collections.abc import Callable, Sequence

from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.sweeps.plan import Spec


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
    from vadjax.pipeline.stages import extract
    from vadjax.runtime import devices
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
