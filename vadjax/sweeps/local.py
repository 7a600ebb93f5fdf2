"""A sweep on this machine: group after group, going on where it was killed."""

import dataclasses
import json
import pathlib
import time
from collections.abc import Sequence

import jax

from vadjax import config as configs
from vadjax import devices, finished
from vadjax.console import Console
from vadjax.errors import UserError
from vadjax.stages import extract
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import write_json
from vadjax.sweeps.group import open_runs, train_group
from vadjax.sweeps.plan import Spec, grouped

FORMAT = 1  # of the sweep's folder
SLOTS = {
    "cpu": 8
}  # members at a time where memory does not say otherwise; beyond, CPUs gain nothing
MOST = 256


@dataclasses.dataclass
class Tally:
    """How far a sweep is."""

    total: int
    done: int = 0
    failed: int = 0
    started: float = dataclasses.field(default_factory=time.perf_counter)

    def note(self) -> str:
        """Say how many detectors an hour are made here and now."""
        hours = (time.perf_counter() - self.started) / 3600
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done / hours:,.0f} detectors/hour{failed}"


def run_sweep(specs: Sequence[Spec], workdir: pathlib.Path, *, console: Console, slots: int = 0):
    """Do what is left of a sweep.

    Args:
        specs: what `plan.read_sweep` returned.
        workdir: of the sweep; its runs lie in `runs/`.
        console: where progress goes.
        slots: members trained at a time; 0 chooses.

    Returns:
        (the folders of the finished runs, {run's name: why it failed}).

    Raises:
        UserError: the folder belongs to another sweep or process, or cannot be written.
    """
    with workdirs.opened(workdir, identity={"sweep_format": FORMAT}):
        config = specs[0].config
        devices.setup(config.features.cache_dir)
        plain = {"config": {}, "identity": {"sweep_format": FORMAT}}
        write_json(workdir / "config.json", plain)
        listed = {spec.name: {k: _plain(v) for k, v in spec.values.items()} for spec in specs}
        write_json(workdir / "sweep.json", {"runs": listed})
        folder = workdir / "runs"
        left = [spec for spec in specs if not _is_done(spec, folder, console)]
        errors: dict[str, str] = {}
        if len(left) < len(specs):
            console.say(f"  {len(specs) - len(left)} of {len(specs)} runs are done already")
        tally = Tally(len(left))
        for group in grouped(left):
            _run_group(group, folder, console=console, slots=slots, tally=tally, errors=errors)
        for name, error in errors.items():
            write_json(folder / name / "error.json", {"error": error})
        return [folder / spec.name for spec in specs if spec.name not in errors], errors


def _run_group(group, folder, *, console, slots, tally, errors) -> None:
    runs = open_runs(group, folder)
    extract(dataclasses.replace(runs[0], console=console))  # shared by all
    slots = slots or SLOTS.get(jax.default_backend(), MOST)
    waiting = {run.workdir.name: run for run in runs}
    console.say(f"  {len(runs)} runs in one program, {min(slots, len(runs))} at a time")
    with console.bar("runs", total=tally.total, unit="runs") as advance:
        while waiting:
            try:
                for run, error in train_group(
                    list(waiting.values()), slots=slots, report=lambda member, row: None
                ):
                    del waiting[run.workdir.name]
                    tally.done += 1
                    if error:
                        errors[run.workdir.name] = error
                        tally.failed += 1
                        console.say(f"  {run.workdir.name} failed: {error}")
                    advance(tally.done, tally.note())
            except UserError as error:
                errors |= dict.fromkeys(waiting, str(error))
                tally.failed += len(waiting)
                console.say(f"  {len(waiting)} runs failed: {error}")
                return
            except jax.errors.JaxRuntimeError as error:
                if "RESOURCE_EXHAUSTED" not in str(error) or slots == 1:
                    raise
                slots = max(1, slots // 2)
                console.say(f"  out of memory: going on with {slots} members at a time")


def _is_done(spec: Spec, folder: pathlib.Path, console: Console) -> bool:
    """Say whether a run's results are there, whole and its own; report damage."""
    workdir = folder / spec.name
    if not (workdir / "metrics.json").is_file():
        return False
    try:
        finished.read_run(workdir)
        there = json.loads((workdir / "config.json").read_text(encoding="utf-8"))["identity"]
    except (UserError, ValueError, KeyError) as error:
        console.say(f"  {spec.name} is run again: {error}")
        return False
    younger = configs.identity(configs.default_config())
    there = {**younger, **there}
    there, asked = json.loads(json.dumps([there, configs.identity(spec.config)], default=list))
    if there != asked:
        console.say(f"  {spec.name} is run again: it was made with other settings")
    return there == asked


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
