"""The stage `score`: the detector of each fold scores its test and calibration clips."""

import dataclasses

from vadjax.data.arrays.new_array import on_disk
from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Fold
from vadjax.errors import UserError
from vadjax.pipeline.cross_fit import cross_folds_of, cross_states, fitted_units
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts


def score(run: Run) -> None:
    """Write one score for every unit of the test and the calibration clips."""
    if run.added and run.config.score.rules:
        raise UserError(
            f"clips were added to {run.workdir} (--add), and what is kept of them are scores "
            "without rules: leave score.rules empty, or train anew with all clips."
        )
    test: list[ScoredVideo] = []
    calibration: list[ScoredVideo] = []
    with on_disk(run.workdir) as new:
        for fold in run.folds:
            state = artifacts.read_state(run.workdir, fold.index)
            crossed = held_out_by_others(run, fold)
            tested = run.clips(fold.test, fold, new_maps=new)
            held_out = [] if crossed else run.clips(fold.calibration, fold, new_maps=new)
            videos = score_clips(run, state, [*tested, *held_out])
            test += videos[: len(tested)]
            calibration += crossed or map(without_maps, videos[len(tested) :])
        calibration += [one.scored for one in run.added]
        artifacts.write_scores(run.workdir, test, calibration)


def without_maps(video: ScoredVideo) -> ScoredVideo:
    """Return a record without its maps, where nothing reads them."""
    return dataclasses.replace(video, maps=None)


def held_out_by_others(run: Run, fold: Fold) -> list[ScoredVideo]:
    """Score all normal training clips, each by the detector of a cross-fit that did not see it.

    Args:
        run: whose clips are scored.
        fold: of the run, to which the records belong.

    Returns:
        A record for each clip; none where the run is not cross-fitted.

    Raises:
        UserError: the detectors of the cross-fit are missing, and there are no other clips.
    """
    states = cross_states(run)
    if cross_folds_of(run) and not states:
        if len(fitted_units(run, fold)) > 1:
            raise UserError(
                f"{run.workdir} lacks the detectors of its cross-fit, and its own was fitted on "
                "all normal clips, which leaves none for the threshold; run --stage=train."
            )
        run.console.say(
            "  note: not cross-fitted: few clips for the threshold; --stage=train does it"
        )
    return [
        without_maps(video)
        for cross, state in states
        for video in score_clips(run, state, run.clips(cross.calibration, fold))
    ]


def score_clips(run: Run, state, clips: list[Clip]) -> list[ScoredVideo]:
    """Score clips, and apply the run's rules; a sweep's runs share what lies on the device.

    Args:
        run: whose detector scores.
        state: of the detector.
        clips: to score.

    Returns:
        A record for each clip.
    """
    from vadjax.detectors.window_model import WindowModel

    if isinstance(run.detector, WindowModel):
        shared = run.memory.once(("inputs", run.config.score.batch_size), dict)
        videos = run.detector.score_clips(state, clips, shared=shared)
    else:
        videos = run.detector.score_clips(state, clips)
    return [
        run.rules.apply(video, new_maps=clip.new_maps)
        for video, clip in zip(videos, clips, strict=True)
    ]
