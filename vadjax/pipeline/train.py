"""The stage `train`: clips of each fold to the state of its detector, after the leakage audit."""

import time

from vadjax.data.splits.units import Fold
from vadjax.detectors.abilities import Adder, Illustrator
from vadjax.detectors.contract import Progress
from vadjax.pipeline import record
from vadjax.pipeline.audit import audit
from vadjax.pipeline.cross_fit import cross_fit, fitted_units
from vadjax.pipeline.run import Run
from vadjax.runtime import processes
from vadjax.storage import artifacts
from vadjax.storage.clips import KnownClips, write_clips


def train(run: Run) -> bool:
    """Fit a detector for each fold.

    Returns:
        Whether anything was left to train.
    """
    audit(run)
    if run.added:
        count = len(run.added)
        run.console.say(
            f"  {count} clip{'s were' if count > 1 else ' was'} added to this detector, which "
            "stays as it is; with another --workdir it is trained anew"
        )
        return False
    timing: dict[str, float] = {}
    begun = False  # an earlier detector, and what was made with it, is replaced
    for fold in run.folds:
        progress = Progress(
            run.console,
            run.workdir,
            fold_name(run, fold),
            f"fold {fold.index + 1}/{len(run.folds)}: " if len(run.folds) > 1 else "",
            timing,
        )
        clips = [clip for units in fitted_units(run, fold) for clip in run.clips(units, fold)]
        state = run.detector.fit(
            clips, run.clips(fold.validation, fold), seed=run.config.seed, progress=progress
        )
        if processes.is_first():
            new = timing.get("train_compile_s") or not artifacts.num_states(run.workdir)
            if new and not begun:
                record.before_training_ends(run)
                begun = True
            if isinstance(run.detector, Illustrator):
                with run.console.doing("cutting pictures of what is normal"):
                    state = run.detector.illustrate(state, clips)
            artifacts.write_state(run.workdir, fold.index, state)
            if isinstance(run.detector, Adder):
                write_clips(run.workdir, KnownClips(run.dataset.train))
    if processes.is_first():
        record.after_training(run)
    start = time.perf_counter()
    if cross_fit(run):
        run.add_timing(cross_fit_s=time.perf_counter() - start)
    compiled = timing.pop("train_compile_s", None)
    if timing:
        run.add_timing(**timing)  # of all epochs, those before a restart too
    if compiled:
        run.add_timing(train_compile_s=compiled)
    return compiled is None or bool(compiled)


def fold_name(run: Run, fold: Fold) -> str:
    """Return the name under which a fold's training is logged.

    Args:
        run: that the fold belongs to.
        fold: the fold.

    Returns:
        "fold1" and so on; "" where the run has one fold.
    """
    return f"fold{fold.index}" if len(run.folds) > 1 else ""
