"""Jobs of a sweep: groups of runs of one shape, executed in this process."""

import functools
import pathlib
import time
from collections.abc import Callable, Iterable, Sequence

import jax

from vadjax.errors import UserError
from vadjax.pipeline.extract import extract
from vadjax.pipeline.run import Run
from vadjax.pipeline.train import train
from vadjax.report.wording import plural
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.storage.files import write_json
from vadjax.sweeps.budget import estimate_budget
from vadjax.sweeps.complete import complete_run
from vadjax.sweeps.evaluators import Evaluators
from vadjax.sweeps.executor import RunExecutor
from vadjax.sweeps.group import open_runs, prepare, share_model, train_group
from vadjax.sweeps.measurements import record_throughput
from vadjax.sweeps.plan import Spec
from vadjax.sweeps.status import is_trained
from vadjax.training.budget import out_of_memory


def run_jobs(
    jobs: Iterable[Sequence[Spec]],
    folder: pathlib.Path,
    *,
    console: Console,
    slots: int = 0,
    report: Callable | None = None,
    on_done: Callable[[str, str], None] = lambda name, error: None,
    evaluators: int | None = None,
) -> dict[str, str]:
    """Extract, train, score and evaluate runs, one job after another.

    The last runs of a job are scored and evaluated while the next job is prepared and trained.

    Args:
        jobs: runs of one shape each.
        folder: the folder of all runs.
        console: where progress goes.
        slots: members trained at a time; 0 chooses. Halved where a device is out of memory.
        report: called with (member, row) after each epoch; true stops the member. It hears of every
            epoch, so that members in training are not kept where it is given.
        on_done: called with (name, error) as each run is done.
        evaluators: other processes that evaluate, see `evaluators.Evaluators`.

    Returns:
        {run's name: error} of the failed runs; the error is also in the run's error.json.
    """
    errors: dict[str, str] = {}
    opened: dict[str, Run] = {}  # by input key

    def notify(name: str, error: str) -> None:
        path = folder / name / "error.json"
        if error:
            errors[name] = error
            write_json(path, {"error": error})
        else:
            path.unlink(missing_ok=True)
        on_done(name, error)

    with (
        Evaluators(evaluators) as judge,
        RunExecutor(
            functools.partial(complete_run, judge=judge),
            lambda run, error: notify(run.workdir.name, error),
            threads=judge.count + 2 if judge.count else 0,  # most of them wait for a process
        ) as executor,
    ):
        for specs in jobs:
            untrained = dict.fromkeys(spec.name for spec in specs)  # in order
            try:
                runs = _open_extracted(specs, folder, console, opened)
                for spec, run in zip(specs, runs, strict=True):
                    if is_trained(spec, folder):
                        del untrained[spec.name]
                        executor.submit(run, ())
                runs = [run for run in runs if run.workdir.name in untrained]
                if runs and not runs[0].gradient:
                    _fit(runs, untrained, executor)
                elif runs:
                    _train(runs, untrained, executor, console=console, slots=slots, report=report)
            except Exception as error:  # one failing group stops no other
                kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
                for name in untrained:
                    notify(name, f"{kind}{error}")
        executor.join()
    return errors


def _fit(runs: Sequence[Run], untrained: dict, executor: RunExecutor) -> None:
    """Fit detectors without gradient one after another; see `_train`."""
    for run in runs:
        del untrained[run.workdir.name]
        try:
            train(run)
        except UserError as error:
            executor.fail(run, str(error))
        else:
            executor.submit(run, ())


def _train(
    runs: Sequence[Run],
    untrained: dict,
    executor: RunExecutor,
    *,
    console: Console,
    slots: int,
    report: Callable | None,
) -> None:
    """Train runs of one shape; each is removed from `untrained` and submitted as it ends."""
    group = prepare(runs)
    for run in runs:
        if why := group.failed.get(run.workdir.name):
            del untrained[run.workdir.name]
            executor.fail(run, why)
    if not untrained:
        return
    budget, started = estimate_budget(group, slots=slots), time.perf_counter()
    console.say(f"  {plural(len(untrained), 'run')} in one program: {budget}")
    slots, windows = budget.slots, 0
    train = group.runs[0].config.train

    def count_and_report(member, row: dict):
        nonlocal windows  # the last batch of an epoch counts as full
        windows += row["step"] * train.batch_size // row["epoch"]
        executor.poll()
        return report(member, row) if report else None

    while untrained:
        try:
            subset = group.subset(untrained)
            for run, pairs in train_group(
                subset, slots=slots, report=count_and_report, keep=report is None
            ):
                del untrained[run.workdir.name]
                executor.submit(run, pairs)
        except jax.errors.JaxRuntimeError as error:
            if not out_of_memory(error) or slots == 1:
                raise
            slots = max(1, min(slots, len(untrained)) // 2)
            console.say(f"  out of memory: continuing with {slots} members at a time")
    seconds = time.perf_counter() - started
    record_throughput(group.runs[0], windows=windows, seconds=seconds)


def _open_extracted(specs, folder: pathlib.Path, console: Console, opened: dict) -> list[Run]:
    """Open runs whose features are extracted.

    `opened` keeps the first run of the latest `input_key`, so that later jobs with the same input
    share its data and features while those of earlier inputs can be freed.
    """
    devices.setup(specs[0].config.features.cache_dir)
    devices.check()
    key = specs[0].input_key
    if key not in opened:
        first = Run(specs[0].config, folder / specs[0].name, console)
        first.folds_without_copies  # noqa: B018 - what the clips do not allow is told before that
        extract(first)
        opened.clear()
        opened[key] = first
    runs = open_runs(specs, folder, opened[key])
    share_model(runs)
    return runs
