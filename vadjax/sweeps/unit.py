"""Units of work, here or on another machine: runs of one shape each, in one process."""

import pathlib
import time
from collections.abc import Callable, Iterable, Sequence

import jax

from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.pipeline.stages import extract
from vadjax.report.wording import plural
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.storage.files import write_json
from vadjax.sweeps.budget import budget, learn
from vadjax.sweeps.done import is_trained
from vadjax.sweeps.finishers import Finishers
from vadjax.sweeps.group import finished, open_runs, out_of_memory, prepare, share_model, trained
from vadjax.sweeps.plan import Spec


def run_units(
    units: Iterable[Sequence[Spec]],
    folder: pathlib.Path,
    *,
    console: Console,
    slots: int = 0,
    report: Callable = lambda member, row: None,
    done: Callable[[str, str], None] = lambda name, error: None,
) -> dict[str, str]:
    """Extract, train, score and evaluate runs, one unit after another.

    The last runs of a unit are scored and evaluated while the next one is made ready and trains.

    Args:
        units: runs of one shape each.
        folder: of all runs.
        console: where progress goes.
        slots: members trained at a time; 0 chooses. Halved where a device has no room.
        report: called with (member, row) after each epoch; true stops the member.
        done: called with (name, error) as each run is done.

    Returns:
        The failed runs and why, also in the `error.json` of each.
    """
    errors: dict[str, str] = {}
    grounds: dict = {}  # what earlier units have made of data and features

    def settle(name: str, error: str) -> None:
        note = folder / name / "error.json"
        if error:
            errors[name] = error
            write_json(note, {"error": error})
        else:
            note.unlink(missing_ok=True)
        done(name, error)

    with Finishers(finished, lambda run, error: settle(run.workdir.name, error)) as finishers:
        for specs in units:
            waiting = dict.fromkeys(spec.name for spec in specs)  # in order; not yet trained
            try:
                runs = _on_ground(specs, folder, console, grounds)
                for spec, run in zip(specs, runs, strict=True):
                    if is_trained(spec, folder):
                        del waiting[spec.name]
                        finishers.take(run, ())
                left = [run for run in runs if run.workdir.name in waiting]
                if left:
                    _train(left, waiting, finishers, console=console, slots=slots, report=report)
            except Exception as error:  # one failing group stops no other
                kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
                for name in waiting:
                    settle(name, f"{kind}{error}")
        finishers.end()
    return errors


def _train(
    runs: Sequence[Run],
    waiting: dict,
    finishers: Finishers,
    *,
    console: Console,
    slots: int,
    report: Callable,
) -> None:
    """Train runs of one shape; each goes from those that wait to the finishers."""
    group = prepare(runs)
    for run in runs:
        if why := group.failed.get(run.workdir.name):
            del waiting[run.workdir.name]
            finishers.fail(run, why)
    if not waiting:
        return
    plan, started = budget(group, slots=slots), time.perf_counter()
    console.say(f"  {plural(len(waiting), 'run')} in one program: {plan}")
    slots, windows = plan.slots, 0
    train = group.runs[0].config.train

    def counted(member, row: dict):
        nonlocal windows  # the last batch of an epoch counted as full
        windows += row["step"] * train.batch_size // row["epoch"]
        finishers.tell()
        return report(member, row)

    while waiting:
        try:
            for run, pairs in trained(group.only(waiting), slots=slots, report=counted):
                del waiting[run.workdir.name]
                finishers.take(run, pairs)
        except jax.errors.JaxRuntimeError as error:
            if not out_of_memory(error) or slots == 1:
                raise
            slots = max(1, min(slots, len(waiting)) // 2)
            console.say(f"  out of memory: going on with {slots} members at a time")
    learn(group.runs[0], windows=windows, seconds=time.perf_counter() - started)


def _on_ground(specs, folder: pathlib.Path, console: Console, grounds: dict) -> list[Run]:
    """Open the runs on extracted features; data and features are held of one ground at a time."""
    devices.setup(specs[0].config.features.cache_dir)
    ground = specs[0].ground
    if ground not in grounds:
        first = Run(specs[0].config, folder / specs[0].name, console)
        extract(first)
        grounds.clear()
        grounds[ground] = first
    runs = open_runs(specs, folder, grounds[ground])
    share_model(runs)
    return runs
