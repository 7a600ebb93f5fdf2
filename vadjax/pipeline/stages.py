"""extract -> train -> score -> evaluate -> explain -> report: one run, each stage alone or all."""

import contextlib
import pathlib
import time
from collections.abc import Sequence

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.pipeline import record
from vadjax.pipeline.add import add as add_clips
from vadjax.pipeline.add import check_add
from vadjax.pipeline.added import recall
from vadjax.pipeline.evaluate import evaluate
from vadjax.pipeline.explain import explain
from vadjax.pipeline.extract import extract
from vadjax.pipeline.lengths import check_length
from vadjax.pipeline.report import early_page, report
from vadjax.pipeline.run import Run, Spread
from vadjax.pipeline.score import score
from vadjax.pipeline.train import train
from vadjax.runtime import devices, processes
from vadjax.runtime.console import Console
from vadjax.runtime.run_log import NAME
from vadjax.storage import artifacts
from vadjax.storage import workdir as workdirs

STAGES = {
    "extract": extract,
    "train": train,
    "score": score,
    "evaluate": evaluate,
    "explain": explain,
    "report": report,
}
ORDER = configs.STAGES
SHARED = ("extract", "train")  # by all processes of a run; the first one does the others


def run(
    config: ConfigDict,
    workdir: pathlib.Path,
    *,
    stage: str = "all",
    add: Sequence[str] = (),
    skip_broken: bool = False,
    spread: Spread | None = None,
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> dict | None:
    """Run one stage, or all of them in order, on a locked workdir.

    Several processes (`runtime.processes`) divide extraction and training among them. The first
    one alone writes to the workdir and does the other stages, while the others wait.

    Args:
        config: a validated config.
        workdir: folder of the run.
        stage: one of `ORDER`, or "all".
        add: further normal clips, learnt by the trained detector in the place of the first stages.
        skip_broken: leave out those of them that cannot be read.
        spread: see `pipeline.run.Run`.
        command: how a person would start this again, for the report.
        quiet: print nothing; run.log of the workdir has it all the same.
        verbose: print details, and the time before each line.

    Returns:
        The metrics (`metrics.json`) where they exist when the run ends, else None.

    Raises:
        UserError: whatever the user can correct.
    """
    console = Console(quiet=quiet or not processes.is_first(), verbose=verbose)
    config = config.copy_and_resolve_references()
    names: Sequence[str] = ORDER if stage == "all" else (stage,)
    if add:
        names = tuple(name for name in ORDER if name not in SHARED)
    devices.setup(config.features.cache_dir)
    devices.check()
    identity = configs.identity(config)
    defaults = configs.identity(configs.default_config_before())
    with contextlib.ExitStack() as opened:
        opened.enter_context(console.attached())
        opened.enter_context(console.doing("opening the data set"))
        this = Run(config, workdir, console, command, spread=spread)
        if add:
            check_add(this, stage)
        with processes.barrier("opening the workdir"):
            if processes.is_first():
                opened.enter_context(
                    workdirs.opened(
                        workdir, identity=identity, defaults=defaults, upgrade=configs.upgrade
                    )
                )
                recall(this, adding=bool(add))
                console.say(
                    f"vadjax: {config.dataset.name}, {config.dataset.protocol}, in {workdir}"
                )
                _claim(this, names)
                console.log_to(workdir / NAME, command=command)
        if add and not _added(this, add, skip_broken=skip_broken):
            return this.metrics
        for number, name in enumerate(names, 1):
            start = time.perf_counter()
            console.say(f"[{number}/{len(names)}] {name}")
            done: bool | None = None
            with console.doing(name):
                if name in SHARED:
                    done = STAGES[name](this)
                else:
                    with processes.barrier(f"the first process did the stage {name}"):
                        if processes.is_first():
                            record.before_stage(this, name)
                            STAGES[name](this)
                            if name == "evaluate" and _pictures_follow(this, names):
                                early_page(this)
            if done is not False:  # else what it took before stands
                this.add_timing(**{f"{name}_s": time.perf_counter() - start})
        if not (workdir / "metrics.json").is_file():
            return None
        metrics = this.metrics
        if names[-1] == "report":
            from vadjax.report import finding, tables

            console.show(tables.summary(metrics))
            console.say(f"report: {workdir / 'report.html'}")
            if text := finding.of_unlabelled(artifacts.read_scores(workdir).test, metrics):
                console.say(text)
        return metrics


def _pictures_follow(run: Run, names: Sequence[str]) -> bool:
    """Return whether stages are to come that make pictures of frames, and then the page."""
    return {"explain", "report"} <= set(names) and run.pictures and run.unit == "frame"


def _added(run: Run, paths: Sequence[str], *, skip_broken: bool) -> bool:
    """Add clips; return whether the later stages have to be done (again)."""
    start = time.perf_counter()
    with run.console.doing("adding clips"):
        new = add_clips(run, paths, skip_broken=skip_broken)
    if new:
        run.add_timing(add_s=time.perf_counter() - start)
    elif all(artifacts.is_done(run.workdir, stage) for stage in ("score", "evaluate", "report")):
        run.console.say("  nothing to add; the run stays as it is")
        return False
    return True


def _claim(run: Run, names: Sequence[str]) -> None:
    """Make the opened workdir this config's and these videos'."""
    record.check(run, names)
    check_length(run.dataset.test, run.shortest)
    if set(names) & set(SHARED):
        run.folds_without_copies  # noqa: B018 - what the clips do not allow is told before extraction
    if not (run.workdir / "config.json").exists() and run.taps:
        run.tap_specs  # noqa: B018 - without weights and taps a new workdir is not begun
    record.claim(run)
    if processes.current().count > 1:
        run.console.say(f"  {processes.current().count} processes; all end when one is lost")
        if run.taps:
            run.tap_stores  # noqa: B018 - weights and stores are there before the others look for them
