"""A sweep's folder: what is done in it, what is left, and who does it."""

import dataclasses
import json
import pathlib
import time
from collections.abc import Callable, Sequence

from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import write_json
from vadjax.sweeps.done import left_of
from vadjax.sweeps.plan import Spec, grouped
from vadjax.sweeps.unit import run_units

FORMAT = 1  # of the sweep's folder


@dataclasses.dataclass
class Tally:
    """How far a sweep is.

    Attributes:
        total, done, failed: runs.
        started: seconds of `time.perf_counter`.
    """

    total: int
    done: int = 0
    failed: int = 0
    started: float = dataclasses.field(default_factory=time.perf_counter)

    def note(self) -> str:
        """Say how many detectors an hour are made here and now."""
        hours = (time.perf_counter() - self.started) / 3600
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{(self.done - self.failed) / hours:,.0f} detectors/hour{failed}"


def run_sweep(
    specs: Sequence[Spec],
    workdir: pathlib.Path,
    *,
    console: Console,
    slots: int = 0,
    launch: Callable = run_units,
    halving: bool = False,
) -> tuple[list[pathlib.Path], dict[str, str]]:
    """Do what is left of a sweep.

    Args:
        specs: what `plan.read_sweep` returned.
        workdir: of the sweep; its runs lie in `runs/`.
        console: where progress goes.
        slots: members trained at a time; 0 chooses.
        launch: does units of runs: `unit.run_units`, or of the same arguments.
        halving: a run that a search has stopped is done.

    Returns:
        (the folders of the finished runs, {run's name: why it failed}).

    Raises:
        UserError: the folder belongs to something else or to another process, or cannot be written.
    """
    check_folder(workdir)
    with workdirs.opened(workdir, identity={"sweep_format": FORMAT}):
        plain = {"config": {}, "identity": {"sweep_format": FORMAT}}
        write_json(workdir / "config.json", plain)
        listed = {spec.name: {k: _plain(v) for k, v in spec.values.items()} for spec in specs}
        write_json(workdir / "sweep.json", {"runs": listed})
        folder = workdir / "runs"
        left = left_of(specs, folder, console, halving=halving)
        errors: dict[str, str] = {}
        tally = Tally(len(left))
        with console.bar("runs", total=len(left), unit="runs") as advance:

            def done(name: str, error: str) -> None:
                tally.done += 1
                if error:
                    errors[name] = error
                    tally.failed += 1
                    console.say(f"  {name} failed: {error}")
                advance(tally.done, tally.note())

            launch(grouped(left), folder, console=console, slots=slots, done=done)
        if tally.done:
            seconds = time.perf_counter() - tally.started
            console.say(f"  {tally.done} runs in {seconds:.1f} s: {tally.note()}")
        return [folder / spec.name for spec in specs if spec.name not in errors], errors


def check_folder(workdir: pathlib.Path) -> None:
    """Refuse a folder of another kind or version."""
    try:
        text = (workdir / "config.json").read_text(encoding="utf-8")
        there = json.loads(text)["identity"].get("sweep_format")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return  # new, or so damaged that `opened` says it
    if there is None:
        raise UserError(f"{workdir} is the workdir of one run, not of a sweep; give another.")
    if there != FORMAT:
        raise UserError(
            f"{workdir} holds a sweep of format {there}, this vadjax reads and writes {FORMAT}; "
            "give another --workdir, or use the version of vadjax that made it."
        )


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
