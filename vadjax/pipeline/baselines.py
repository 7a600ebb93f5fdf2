"""The baselines of a run: detectors that score the same units and learn little or nothing."""

import dataclasses
import functools

from vadjax import detectors
from vadjax.data.leakage.fitted import FittedOn
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Fold
from vadjax.detectors.contract import Progress
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console


def baselines(run: Run) -> dict[str, list[ScoredVideo]]:
    """Fit every baseline on the training clips of each fold and score its test clips.

    Returns:
        Name of the detector -> the test clips of all folds.
    """
    result = {}
    for name in baseline_names(run):
        with run.console.doing(f"baseline {name}"):
            result[name] = [v for fold in run.folds for v in scored_by(run, name, fold)]
    return result


def baseline_names(run: Run) -> list[str]:
    """Return the names of the detectors that a run is compared with."""
    names = detectors.baselines(
        run.folds[0].test.kind,
        run.inputs,
        clips_known=run.dataset.clips_known,
        images=run.unit == "image",
    )
    return [name for name in names if name != run.config.detector.name]


def scored_by(run: Run, name: str, fold: Fold) -> list[ScoredVideo]:
    """Score a fold's test clips by another detector; runs of a sweep that share them share these.

    Args:
        run: whose clips are scored.
        name: of the detector.
        fold: whose test clips are scored.

    Returns:
        A record for each test clip.
    """
    return _once(run, name, fold)[0]


def fitted_on(run: Run, name: str, fold: Fold) -> FittedOn:
    """Return the frames on which a detector that `scored_by` scores with was fitted.

    Args:
        run: whose clips are scored.
        name: of the detector.
        fold: whose test clips are scored.

    Returns:
        The frames by purpose; none of a detector that learns nothing.
    """
    return _once(run, name, fold)[1]


def _once(run: Run, name: str, fold: Fold) -> tuple[list[ScoredVideo], FittedOn]:
    seed = run.config.seed if detectors.DETECTORS[name].random else None
    key = ("baseline", name, fold.train, fold.test, seed, run.config.evaluate.knn)
    return run.memory.once(key, functools.partial(_fit_and_score, run, name, fold))


def _fit_and_score(run: Run, name: str, fold: Fold) -> tuple[list[ScoredVideo], FittedOn]:
    detector, train = run.make_detector(name), run.clips(fold.train, fold)
    if run.protocol.labels == "videos" and fold.train.kind == "segment":
        # Of an abnormal one no frame is known to be normal.
        train = [clip for clip in train if not clip.videos[0].video_label]
    quiet = Progress(Console(quiet=True))
    state = detector.fit(train, (), seed=run.config.seed, progress=quiet)
    scored = detector.score_clips(state, run.clips(fold.test, fold))
    kept = [dataclasses.replace(video, maps=None) for video in scored]  # nothing reads theirs
    return kept, state.get("fitted_on", {})
