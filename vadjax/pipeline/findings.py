"""What a detector says of each alarm, and of clips that it doubts, where it can."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.scored_video import Finding, ScoredVideo
from vadjax.detectors.abilities import Adapter, Cautious, Depicter, Doubter, Explainer
from vadjax.detectors.contract import State
from vadjax.detectors.normal_scene import NormalScene
from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts


def with_findings(run: Run, state: State, clip: Clip, video: ScoredVideo) -> ScoredVideo:
    """Add what the detector saw at the peak of each alarm, where the rules leave something.

    Args:
        run: whose detector has scored the video.
        state: of it.
        clip: that was scored.
        video: with alarms.

    Returns:
        The record; as it was where the detector says nothing or there is no alarm.
    """
    if not isinstance(run.detector, Explainer) or not video.alarms:
        return with_classes(video)
    peaks = [start + int(np.argmax(video.scores[start:stop])) for start, stop in video.alarms]
    begins, kept = video.edges, None
    if run.rules.by_place:

        def kept(number: int, values: np.ndarray) -> np.ndarray:
            return run.rules.kept(values, None if begins is None else float(begins[number]))

    found = run.detector.explain(state, clip, peaks, kept=kept)
    return dataclasses.replace(video, findings=tuple(found))


def with_findings_of(run: Run, videos: list[ScoredVideo]) -> list[ScoredVideo]:
    """Add what the run's detector saw at the peak of each alarm of the test videos.

    Args:
        run: trained and scored.
        videos: of its test clips, with alarms.

    Returns:
        The records in the same order; without words where the rows are no longer stored.
    """
    if not isinstance(run.detector, Explainer):
        return [with_classes(video) for video in videos]
    clips = {clip.id: (clip, fold) for fold in run.folds for clip in run.clips(fold.test, fold)}
    result = []
    with run.console.doing("saying what each alarm is"):
        for video in videos:
            if video.id in clips and video.alarms:
                clip, fold = clips[video.id]
                state = artifacts.read_state(run.workdir, fold.index)
                try:
                    video = with_findings(run, state, clip, video)
                except UserError as error:  # the cache may have been cleared since
                    run.console.say(f"  note: alarms are shown without words: {error}")
                    return videos
            result.append(video)
    return result


def with_classes(video: ScoredVideo) -> ScoredVideo:
    """Name the class of each alarm, where the detector tells classes apart.

    Args:
        video: with alarms.

    Returns:
        The record with, for each alarm, the abnormal class of the highest mean probability over its
        rows, and the next one; as it was where no classes are known or there is no alarm.
    """
    known = video.recognized
    if known is None or not video.alarms:
        return video
    findings = []
    for start, stop in video.alarms:
        means = known.probabilities[start:stop].mean(0)
        ranked = sorted(range(1, len(known.names)), key=lambda each: -means[each])
        words = [f"{known.names[each]} {means[each]:.2f}" for each in ranked[:2]]
        text = f"{words[0]}, mean probability" + (f"; then {words[1]}" if len(words) > 1 else "")
        peak = start + int(np.argmax(video.scores[start:stop]))
        findings.append(Finding(peak, "class", text, value=float(means[ranked[0]])))
    return dataclasses.replace(video, findings=tuple(findings))


def normal_scene_of(run: Run) -> NormalScene | None:
    """Return what is normal before the camera of a run; None where its detector does not know."""
    if not isinstance(run.detector, Depicter):
        return None
    return run.detector.normal_scene(artifacts.read_state(run.workdir, 0))


def doubts(detector: object, state: State, clips: Sequence[Clip]) -> list[str]:
    """Return what a detector says of clips that are not of what it has learnt.

    Args:
        detector: that scores them.
        state: of it.
        clips: that are scored.

    Returns:
        A sentence for each such clip.
    """
    if not isinstance(detector, Doubter):
        return []
    said = [(clip.id, detector.doubt(state, clip)) for clip in clips]
    return [f"{name}: {why}" for name, why in said if why]


def doubts_of(run: Run) -> list[str]:
    """Return what the run's detector says of its own clips, training clips included.

    Args:
        run: trained.

    Returns:
        A sentence for each clip that is not of what it has learnt.
    """
    if not isinstance(run.detector, Doubter):
        return []
    return [
        text
        for fold in run.folds
        for units in (fold.train, fold.test)
        for text in doubts(
            run.detector, artifacts.read_state(run.workdir, fold.index), run.clips(units, fold)
        )
    ]


def cautions_of(run: Run) -> list[str]:
    """Return what the run's detector says of its training.

    Args:
        run: trained.

    Returns:
        Sentences, each once.
    """
    said = list(run.detector.adapts()) if isinstance(run.detector, Adapter) else []
    if not isinstance(run.detector, Cautious):
        return said
    states = [artifacts.read_state(run.workdir, fold.index) for fold in run.folds]
    return [*said, *dict.fromkeys(text for s in states for text in run.detector.cautions(s))]
