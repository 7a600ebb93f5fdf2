"""extract -> train -> score -> evaluate -> explain -> report: one run, each stage alone or all.

The folders of the middle floor know nothing of one another; this file hands arrays, variables
and paths from one to the next.
"""

import contextlib
import functools
import os
import pathlib
import time

import numpy as np
from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.data.audit import MEANING, audit_folds
from vadjax.data.splits import Fold
from vadjax.data.windows import window_table
from vadjax.detectors import window_model
from vadjax.errors import UserError
from vadjax.pipeline import window_protocols
from vadjax.pipeline.explain import explain
from vadjax.pipeline.results import evaluate, report, score
from vadjax.pipeline.run import Run, check_length
from vadjax.runtime import devices, processes
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import write_json

ORDER = ("extract", "train", "score", "evaluate", "explain", "report")
SHARED = ("extract", "train")  # by all processes of a run; the first one does the others
SEEN_S = 90.0  # a network file system may show a file late


def run(
    config: ConfigDict,
    workdir: pathlib.Path,
    *,
    stage: str = "all",
    command: str = "",
    quiet: bool = False,
) -> dict | None:
    """Run one stage, or all of them in order, on a locked workdir.

    Several processes (`processes.connect`) divide extraction and training among them. The first one
    alone writes to the workdir and does the other stages, while the others wait.

    Args:
        config: a validated config.
        workdir: folder of the run.
        stage: one of `ORDER`, or "all".
        command: how a person would start this again, for the report.
        quiet: print nothing.

    Returns:
        The metrics (`metrics.json`) where they exist when the run ends, else None.

    Raises:
        UserError: whatever the user can mend.
    """
    console = Console(quiet=quiet or not processes.is_first())
    identity = configs.identity(config)
    younger = configs.identity(configs.default_config())
    with contextlib.ExitStack() as opened:
        this = Run(config, workdir, console, command)
        with processes.barrier("opening the workdir"):
            if processes.is_first():
                opened.enter_context(
                    workdirs.opened(
                        workdir, identity=identity, defaults=younger, upgrade=configs.upgrade
                    )
                )
                console.say(
                    f"vadjax: {config.dataset.name}, {config.dataset.protocol}, in {workdir}"
                )
                devices.setup(config.features.cache_dir)
                _claim(this, identity)
        names = ORDER if stage == "all" else (stage,)
        for number, name in enumerate(names, 1):
            start = time.perf_counter()
            console.say(f"[{number}/{len(names)}] {name}")
            made_by = {**STAGES, **window_protocols.STAGES} if this.by_window else STAGES
            done: bool | None = None
            if name in SHARED:
                done = made_by[name](this)
            else:
                with processes.barrier(f"the first process did the stage {name}"):
                    if processes.is_first():
                        made_by[name](this)
            if done is not False:  # else what it took before stands
                this.note_timing(**{f"{name}_s": time.perf_counter() - start})
        if not (workdir / "metrics.json").is_file():
            return None
        metrics = this.read("metrics.json")
        if names[-1] == "report":
            from vadjax.report import tables

            console.show(tables.summary(metrics))
            console.say(f"report: {workdir / 'report.html'}")
        return metrics


def _claim(run: Run, identity: dict) -> None:
    """Make the opened workdir this config's and these videos'."""
    check_length(run.dataset.test, run.span)
    if not (run.workdir / "config.json").exists():
        run.backbone  # noqa: B018 - without its weights a new workdir is not begun
    _drop_figures_of_another_config(run)
    workdirs.claim(
        run.workdir,
        config=run.config.to_dict(),
        identity=identity,
        data_dir=run.config.dataset.data_dir,
        videos={name: video.fingerprint for name, video in run.videos.items()},
        frame_sizes=[v.frames.shape for v in run.dataset.train or run.dataset.test],
    )
    write_json(run.workdir / "environment.json", run.environment)
    if processes.current().count > 1:
        run.console.say(f"  {processes.current().count} processes; all end when one is lost")
        run.store  # noqa: B018 - weights and store are there before the others look for them


def _drop_figures_of_another_config(run: Run) -> None:
    """Remove metrics.json where config.json is about to say other than what it was made with."""
    if not (run.workdir / "metrics.json").exists():
        return
    try:
        kept = not configs.changed(workdirs.read_config(run.workdir), run.config)
    except UserError:  # none, or damaged: nothing is known of the figures
        kept = False
    if not kept:
        (run.workdir / "metrics.json").unlink()


def extract(run: Run) -> bool:
    """Frames -> features and motion measures in the store; each process takes some videos.

    Returns:
        Whether there was anything to do.
    """
    with processes.barrier("extracting features"):
        done = _extract(run)
    until = time.monotonic() + SEEN_S
    for video in run.videos.values() if processes.current().count > 1 else ():
        while not run.store.holds(video.id, video.fingerprint):
            if time.monotonic() > until:
                raise UserError(
                    f"process {processes.current().index} does not see the features of {video.id} "
                    f"in {run.store.folder}: features.cache_dir has to be one folder that all "
                    "processes share."
                )
            time.sleep(0.5)
    return done


def _extract(run: Run) -> bool:
    from vadjax.features.calibrate import choose_micro_batch
    from vadjax.features.extract import extract as bring
    from vadjax.features.extract import share
    from vadjax.features.extractor import Extractor

    start, f = time.perf_counter(), run.config.features
    dataset = run.dataset
    total = sum(len(v.frames) for v in run.videos.values())
    coverage = f" ({dataset.coverage})" if dataset.coverage else ""
    run.console.say(
        f"  {dataset.name}{coverage}: {len(dataset.train)} training and {len(dataset.test)} test "
        f"clips, {total} frames, found in {time.perf_counter() - start:.1f} s"
    )
    for deviation in dataset.deviations:
        run.console.say(f"  note: {deviation.what}: {deviation.meaning}")
    run.console.say(f"  {run.backbone.name}, weights: {run.backbone.weights_source}")
    process = processes.current()
    mine = share(list(run.videos.values()), process.index, process.count)
    missing = [v for v in mine if not run.store.holds(v.id, v.fingerprint)]
    still = [v for v in mine if not run.motion_store.holds(v.id, v.fingerprint)]
    if not (missing or still):
        run.console.say("  every video is in the store already")
        return False
    micro_batch = choose_micro_batch(
        run.backbone,
        tap=f.tap,
        batch_size=f.batch_size,
        cache_dir=run.cache,
        num_frames=sum(len(video.frames) for video in missing),
    )
    total = sum(len(v.frames) for v in mine)
    with run.console.bar("frames", total=total, unit="frames") as advance:
        done = bring(
            mine,
            extractor=Extractor(
                run.backbone, taps=(f.tap,), batch_size=f.batch_size, micro_batch=micro_batch
            ),
            stores={f.tap: run.store},
            motion_store=run.motion_store,
            num_threads=os.cpu_count() or 1,
            report=lambda p: advance(p["frames"] + total - p["total"]),
        )
    run.note_timing(extract_frames=done["frames"], extract_frames_per_s=done["frames_per_s"])
    run.console.say(
        f"  {done['frames']} frames in {done['seconds']:.1f} s, {done['frames_per_s']:.1f} frames/s"
    )
    return True


def train(run: Run) -> bool:
    """Features of the fitted clips -> a detector for each fold.

    Returns:
        Whether anything was left to train.
    """
    from vadjax.training.fit import fit

    audit(run)
    compile_s = train_s = 0.0
    for fold in run.folds:
        standardizer, data = (window_protocols.training_data if run.by_window else training_data)(
            run, fold
        )
        where = f"fold {fold.index + 1}/{len(run.folds)}: " if len(run.folds) > 1 else ""
        clips = ["", ""]
        if not run.by_window:
            clips = [f" of {len(fold.fit)} clips", f" of {len(fold.select)}"]
        run.console.say(
            f"  {where}training on {len(data.train)} windows{clips[0]}, validating on "
            f"{len(data.validation)}{clips[1]}; compiling"
        )
        with run.console.bar("epochs", total=run.config.train.epochs, unit="epochs") as advance:

            def show(row: dict, advance=advance) -> None:
                losses = f"loss {row['train_loss']:.4f}, held out {row['select_loss']:.4f}"
                advance(row["epoch"], losses)

            result = fit(
                run.model,
                run.objective,
                data,
                run.config,
                workdir=run.workdir,
                name=f"fold{fold.index}" if len(run.folds) > 1 else "",
                report=show,
            )
        run.console.say(
            f"  {where}{result.stopped}; best epoch {result.best_epoch}, held-out loss "
            f"{result.best_metric:.4f}; {result.windows_per_s:.0f} windows/s, compilation "
            f"{result.compile_s:.1f} s"
        )
        for note in result.notes:
            run.console.say(f"  note: {note}")
        compile_s, train_s = compile_s + result.compile_s, train_s + result.train_s
        if processes.is_first():
            window_model.save(run.detector_dir(fold), result.variables, standardizer)
    run.note_timing(train_epochs_s=train_s)  # of all epochs, those before a restart too
    if compile_s:
        run.note_timing(train_compile_s=compile_s)
    return bool(compile_s)


def audit(run: Run) -> None:
    """Write leakage.json and say what it found, of a leaky protocol in shares."""
    window = run.config.window
    if run.by_window:
        leakage = window_protocols.audit(run)
    else:
        leakage = audit_folds(
            run.folds, length=window.length, dilation=window.dilation, stride=window.stride
        )
    if processes.is_first():
        write_json(run.workdir / "leakage.json", leakage)
    run.console.say(f"  leakage audit of {leakage['test_windows']} windows: {leakage['verdict']}")
    if run.by_window:
        for kind in MEANING:
            if leakage[kind]:
                run.console.say(f"    {leakage[kind]:.3f} of them {MEANING[kind]}")
        for what in leakage["statistic"]:
            run.console.say(f"    {what}")


def training_data(run: Run, fold: Fold):
    """Return the standardisation of a fold's fitted clips, and what `training.fit.fit` reads."""
    from vadjax.features.standardize import Standardizer
    from vadjax.training.fit import TrainingData

    window = run.config.window
    cut = functools.partial(window_table, length=window.length, dilation=window.dilation)
    by_place = run.config.features.standardize == "place"
    standardizer = Standardizer.fit([run.rows(p) for p in fold.fit], by_place=by_place)
    parts = (*fold.fit, *fold.select)
    lengths, n = [p.stop - p.start for p in parts], len(fold.fit)
    supervised, places = run.objective.supervised, None
    if run.objective.name == "segment":
        places = np.concatenate([run.place_labels(p) for p in parts])
    return standardizer, TrainingData(
        clips=[run.rows(p) for p in parts],
        standardize=standardizer.apply,
        frame_labels=np.concatenate([run.labels(p) for p in parts]).astype(np.int32)
        if supervised
        else None,
        train=cut(lengths[:n], stride=window.stride),
        validation=cut(lengths[n:], stride=1, starts=sum(lengths[:n]) + _starts(lengths[n:])),
        cell_labels=places,
    )


def _starts(lengths: list[int]) -> np.ndarray:
    return np.cumsum([0, *lengths])[:-1]


STAGES = {
    "extract": extract,
    "train": train,
    "score": score,
    "evaluate": evaluate,
    "explain": explain,
    "report": report,
}
