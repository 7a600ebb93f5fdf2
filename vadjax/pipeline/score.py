"""The stage `score`: the detector of each fold scores its test and calibration clips."""

from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts


def score(run: Run) -> None:
    """Write one score for every unit of the test and the calibration clips."""
    test: list[ScoredVideo] = []
    calibration: list[ScoredVideo] = []
    for fold in run.folds:
        state = artifacts.read_state(run.workdir, fold.index)
        sides = [run.clips(units, fold) for units in (fold.test, fold.calibration)]
        videos = score_clips(run, state, [*sides[0], *sides[1]])
        test += videos[: len(sides[0])]
        calibration += videos[len(sides[0]) :]
    artifacts.write_scores(run.workdir, test, calibration)


def score_clips(run: Run, state, clips: list[Clip]) -> list[ScoredVideo]:
    """Score clips; a sweep's runs share what lies on the device.

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
        return run.detector.score_clips(state, clips, shared=shared)
    return run.detector.score_clips(state, clips)
