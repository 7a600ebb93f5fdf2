"""The unit of work, here or on another machine: runs of one group, in one process."""

import dataclasses
import pathlib
import time
from collections.abc import Callable, Sequence

import jax

from vadjax import devices
from vadjax.console import Console
from vadjax.context import Run
from vadjax.errors import UserError
from vadjax.stages import extract
from vadjax.storage.files import write_json
from vadjax.sweeps.budget import budget, learn
from vadjax.sweeps.group import open_runs, out_of_memory, prepare, train_group
from vadjax.sweeps.plan import Spec


def run_unit(
    specs: Sequence[Spec],
    folder: pathlib.Path,
    *,
    console: Console,
    slots: int = 0,
    grounds: dict[str, Run] | None = None,
    report: Callable = lambda member, row: None,
    done: Callable[[str, str], None] = lambda name, error: None,
) -> dict[str, str]:
    """Extract, train, score and evaluate runs of one group.

    Args:
        specs: of one shape.
        folder: of all runs.
        console: where progress goes.
        slots: members trained at a time; 0 chooses. Halved where a device has no room.
        grounds: what earlier units of this process have made of data and features; kept here.
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

    trained = [0]  # windows, the last batch of an epoch counted as full

    def counted(member, row: dict):
        trained[0] += row["step"] * train.batch_size // row["epoch"]
        return report(member, row)

    train = specs[0].config.train
    try:
        runs = _on_ground(specs, folder, console, {} if grounds is None else grounds)
        group, started = prepare(runs), time.perf_counter()
        if group.tasks:
            plan = budget(group, slots=slots)
            slots = plan.slots
            console.say(f"  {len(runs)} runs in one program: {plan}")
        while waiting:
            try:
                for run, error in train_group(group.only(waiting), slots=slots, report=counted):
                    settle(run.workdir.name, error)
            except jax.errors.JaxRuntimeError as error:
                if not out_of_memory(error) or slots == 1:
                    raise
                slots = max(1, min(slots, len(waiting)) // 2)
                console.say(f"  out of memory: going on with {slots} members at a time")
        learn(runs[0], windows=trained[0], seconds=time.perf_counter() - started)
    except Exception as error:  # one failing group stops no other
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        for name in list(waiting):
            settle(name, f"{kind}{error}")
    return errors


def _on_ground(specs, folder: pathlib.Path, console: Console, grounds: dict) -> list[Run]:
    """Open the runs on extracted features; data and features are held of one ground at a time."""
    ground = specs[0].ground
    runs = open_runs(specs, folder, grounds.get(ground))
    if ground not in grounds:
        extract(dataclasses.replace(runs[0], console=console))
        grounds.clear()
        grounds[ground] = runs[0]
    return runs
