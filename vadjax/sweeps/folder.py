"""A sweep's folder: checks that it is one, and executes the runs that are pending in it."""

import dataclasses
import json
import pathlib
import time
from collections.abc import Callable, Sequence

from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.runtime.run_log import NAME
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import write_json
from vadjax.sweeps.jobs import run_jobs
from vadjax.sweeps.plan import Spec, group_by_shape
from vadjax.sweeps.status import pending_runs

FORMAT = 1  # of the sweep's folder


@dataclasses.dataclass
class Progress:
    """How far a sweep is.

    Attributes:
        total, done, failed: numbers of runs; the failed ones are done too.
        started: seconds of `time.perf_counter`.
    """

    total: int
    done: int = 0
    failed: int = 0
    started: float = dataclasses.field(default_factory=time.perf_counter)

    def rate(self) -> str:
        """Return the detectors per hour, and the number of failed runs."""
        hours = (time.perf_counter() - self.started) / 3600
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{(self.done - self.failed) / hours:,.0f} detectors/hour{failed}"


def run_sweep(
    specs: Sequence[Spec],
    workdir: pathlib.Path,
    *,
    console: Console,
    slots: int = 0,
    launch: Callable = run_jobs,
    halving: bool = False,
) -> tuple[list[pathlib.Path], dict[str, str]]:
    """Execute the pending runs of a sweep.

    Args:
        specs: what `plan.read_sweep` returned.
        workdir: the sweep's folder; its runs are in `runs/`.
        console: where progress goes.
        slots: members trained at a time; 0 chooses.
        launch: executes jobs: `jobs.run_jobs`, or a function with the same parameters.
        halving: a run that a search has stopped early counts as done.

    Returns:
        (the folders of the finished runs, {run's name: why it failed}).

    Raises:
        UserError: the folder belongs to something else or to another process, or cannot be written.
    """
    check_folder(workdir)
    with workdirs.opened(workdir, identity={"sweep_format": FORMAT}):
        config = {"config": {}, "identity": {"sweep_format": FORMAT}}
        write_json(workdir / "config.json", config)
        console.log_to(workdir / NAME)
        values = {spec.name: {k: _plain(v) for k, v in spec.values.items()} for spec in specs}
        write_json(workdir / "sweep.json", {"runs": values})
        folder = workdir / "runs"
        pending = pending_runs(specs, folder, console, halving=halving)
        errors: dict[str, str] = {}
        progress = Progress(len(pending))
        with console.bar("runs", total=len(pending), unit="runs") as advance:

            def on_done(name: str, error: str) -> None:
                progress.done += 1
                if error:
                    errors[name] = error
                    progress.failed += 1
                    console.say(f"  {name} failed: {error}")
                advance(progress.done, progress.rate())

            advance(0, "")  # a group's runs end together: the rate counts from here
            jobs = group_by_shape(pending)
            launch(jobs, folder, console=console, slots=slots, on_done=on_done)
        if progress.done:
            seconds = time.perf_counter() - progress.started
            console.say(f"  {progress.done} runs in {seconds:.1f} s: {progress.rate()}")
        return [folder / spec.name for spec in specs if spec.name not in errors], errors


def check_folder(workdir: pathlib.Path) -> None:
    """Refuse a folder that holds something else, or a sweep of another format.

    Raises:
        UserError: it does.
    """
    try:
        text = (workdir / "config.json").read_text(encoding="utf-8")
        version = json.loads(text)["identity"].get("sweep_format")
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return  # new, or so damaged that `workdirs.opened` reports it
    if version is None:
        raise UserError(f"{workdir} is the workdir of one run, not of a sweep; give another.")
    if version != FORMAT:
        raise UserError(
            f"{workdir} holds a sweep of format {version}, this vadjax reads and writes {FORMAT}; "
            "give another --workdir, or use the version of vadjax that made it."
        )


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
