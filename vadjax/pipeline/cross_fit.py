"""Further detectors, each trained without a part of the training clips, for the threshold."""

from typing import Any

from vadjax import config as configs
from vadjax.data.splits.cross_fit import cross_folds, needs_cross_fit
from vadjax.data.splits.units import Fold, Units
from vadjax.detectors import DETECTORS
from vadjax.detectors.contract import Progress
from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.runtime import processes
from vadjax.storage import artifacts
from vadjax.storage import cross_fit as kept


def cross_folds_of(run: Run) -> tuple[Fold, ...]:
    """Return the folds of a run's cross-fit; none where its threshold needs no further clips."""
    e = run.config.evaluate
    if not e.cross_fit or run.protocol.supervised or len(run.folds) != 1:
        return ()
    (fold,) = run.folds_without_copies
    if not needs_cross_fit(fold):
        return ()
    seed = run.config.seed
    # Divided before copies are added: no copy of a held-out clip is trained on.
    fewest = 1 if run.config.window.short_clips == "pad" else run.span
    return run.with_copies(cross_folds(fold, num_blocks=e.cross_fit, fewest=fewest, seed=seed))


def fitted_units(run: Run, fold: Fold) -> list[Units]:
    """Return what a fold's detector is fitted on: its held-out clips too where none needs them.

    Args:
        run: that the fold belongs to.
        fold: the fold.

    Returns:
        Tables of units.
    """
    refits = DETECTORS[run.config.detector.name].refits and processes.current().count == 1
    if not refits or not cross_folds_of(run):
        return [fold.train]
    return [*dict.fromkeys((fold.train, fold.validation, fold.calibration))]


def cross_fit(run: Run) -> bool:
    """Fit the further detectors of a run, where they are wanted and not there yet.

    Returns:
        Whether anything was fitted.
    """
    folds = cross_folds_of(run)
    if not folds:
        return False
    facts = _facts(run, folds)
    if kept.read_cross_facts(run.workdir) == facts:
        return False
    if processes.current().count > 1:
        run.console.say("  note: several processes do not cross-fit; the threshold has few clips")
        return False
    run.console.say(
        f"  cross-fit for the threshold: {len(folds)} more trainings, each without a part of the "
        f"normal {'images' if run.unit == 'image' else 'clips'} (evaluate.cross_fit=0 leaves them "
        "out)"
    )
    progress = Progress(run.console, label="cross-fit: ")  # the workdir's log is of the run's own
    pairs = [(run.clips(f.train, f), run.clips(f.validation, f)) for f in folds]
    seed = run.config.seed
    if run.gradient:
        from vadjax.detectors.window_folds import fit_folds

        epochs = _best_epoch(run)
        states = fit_folds(run.detector, pairs, seed=seed, progress=progress, epochs=epochs)
    else:
        try:
            states = [run.detector.fit(*pair, seed=seed, progress=progress) for pair in pairs]
        except UserError as error:
            raise UserError(
                f"the cross-fit for the threshold, whose trainings each leave out a part of the "
                f"normal clips: {error} Or leave it out with evaluate.cross_fit=0."
            ) from None
    kept.write_cross(run.workdir, states, facts)
    return True


def cross_states(run: Run) -> list[tuple[Fold, Any]]:
    """Return the folds of a run's cross-fit with their detectors' states; none where not fitted."""
    folds = cross_folds_of(run)
    if not folds or kept.read_cross_facts(run.workdir) != _facts(run, folds):
        return []
    return [(fold, kept.read_cross(run.workdir, fold.index)) for fold in folds]


def _best_epoch(run: Run) -> int | None:
    """Return the epoch of the run's own detector: further ones need no epochs beyond it."""
    history = artifacts.read_history(run.workdir, "")
    return history[-1].get("best_epoch") if history else None


def _facts(run: Run, folds: tuple[Fold, ...]) -> dict:
    """Return what the further detectors were made of, as it comes back from JSON."""
    epochs = {"train.epochs": run.config.train.epochs}
    return {
        "identity": configs.run_hash(run.config, **epochs),  # a later version's keys do not count
        "videos": {
            name: str(video.fingerprint)
            for name, video in run.videos.items()
            if any(name in fold.videos for fold in folds)
        },
        "blocks": [[s.video_id for s in fold.calibration.segments] for fold in folds],
    }
