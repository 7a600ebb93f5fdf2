"""The unit of work, here or on another machine: runs of one group, in one process."""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence

import jax

from vadjax import devices
from vadjax.console import Console
from vadjax.errors import UserError
from vadjax.stages import extract
from vadjax.storage.files import write_json
from vadjax.sweeps.group import open_runs, out_of_memory, train_group
from vadjax.sweeps.plan import Spec

# Members at a time where memory does not say otherwise; beyond, two cores gain nothing.
SLOTS = {"cpu": 8}
MOST = 256


def run_unit(
    specs: Sequence[Spec],
    folder: pathlib.Path,
    *,
    console: Console,
    slots: int = 0,
    report: Callable = lambda member, row: None,
    done: Callable[[str, str], None] = lambda name, error: None,
) -> dict[str, str]:
    """Extract, train, score and evaluate runs of one group.

    Args:
        specs: of one shape.
        folder: of all runs.
        console: where progress goes.
        slots: members trained at a time; 0 chooses. Halved where a device has no room.
        report: called with (member, row) after each epoch; true stops the member.
        done: called with (name, error) as each run is done.

    Returns:
        The failed runs and why, also in the `error.json` of each.
    """
    devices.setup(specs[0].config.features.cache_dir)
    waiting = {spec.name: spec for spec in specs}
    errors: dict[str, str] = {}

    def settle(name: str, error: str) -> None:
        del waiting[name]
        note = folder / name / "error.json"
        if error:
            errors[name] = error
            write_json(note, {"error": error})
        else:
            note.unlink(missing_ok=True)
        done(name, error)

    try:
        runs = open_runs(specs, folder)
        extract(dataclasses.replace(runs[0], console=console))  # shared by all
        slots = slots or SLOTS.get(jax.default_backend(), MOST)
        console.say(f"  {len(runs)} runs in one program, {min(slots, len(runs))} at a time")
        while waiting:
            left = [run for run in runs if run.workdir.name in waiting]
            try:
                for run, error in train_group(left, slots=slots, report=report):
                    settle(run.workdir.name, error)
            except jax.errors.JaxRuntimeError as error:
                if not out_of_memory(error) or slots == 1:
                    raise
                slots = max(1, min(slots, len(waiting)) // 2)
                console.say(f"  out of memory: going on with {slots} members at a time")
    except Exception as error:  # one failing group stops no other
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        for name in list(waiting):
            settle(name, f"{kind}{error}")
    return errors
