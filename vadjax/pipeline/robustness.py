"""How a run's figures change when its test videos are noisy, dark, blurred, coded or attacked."""

import dataclasses
import hashlib
import os
import pathlib
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vadjax.data.frames.altered import ALTERATIONS, AlteredFrames
from vadjax.data.frames.on_demand import Frames
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.video import Video
from vadjax.errors import UserError, unknown
from vadjax.evaluation import frame
from vadjax.evaluation.bootstrap import paired_test
from vadjax.pipeline.adversarial import STRENGTHS, UNIT, Attacked, Attacker, refusal
from vadjax.pipeline.run import Run
from vadjax.pipeline.trained import TrainedDetector
from vadjax.report import robustness_curves
from vadjax.report.wording import plural
from vadjax.runtime.console import Console
from vadjax.storage.files import write_json
from vadjax.storage.lock import locked

FGSM = "fgsm"
KINDS = (*ALTERATIONS, FGSM)
NAME, FIGURE = "robustness.json", "robustness.png"
Change = Callable[[Video], Frames]


def robustness(
    workdir: pathlib.Path,
    *,
    kinds: Sequence[str] = (),
    out: pathlib.Path | None = None,
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> dict[str, Any]:
    """Score altered test videos; write robustness.json and robustness.png.

    Nothing is trained or chosen: detector and threshold are those of the run.

    Args:
        workdir: folder of a finished run of one fold, with labels.
        kinds: of `KINDS`; none means all that the detector allows.
        out: folder for the results; None is `workdir`/robustness.
        command: how a person would start this again.
        quiet: print nothing.
        verbose: print details, and the time before each line.

    Returns:
        What robustness.json holds.

    Raises:
        UserError: an unknown kind, no labels, several folds, or videos that are not there.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kind of alteration", kind, KINDS)
    out = out or workdir / "robustness"
    console = Console(quiet=quiet, verbose=verbose)
    with (
        locked(out, flag="--out", keep=lambda _: False),
        console.attached(),
        tempfile.TemporaryDirectory(dir=out, prefix=".altered-") as folder,
    ):
        detector = TrainedDetector(workdir, console=console, command=command)
        detector.stores = pathlib.Path(folder)
        videos = _tested(detector.run)
        console.say(f"vadjax robustness: {workdir}, {plural(len(videos), 'test video')}")
        left_out = {}
        if why := refusal(detector.run):
            left_out[FGSM] = why
        if left_out and FGSM in kinds:
            raise UserError(f"fgsm cannot be computed for {workdir}: {why}.")
        chosen = [kind for kind in kinds or KINDS if kind not in left_out]
        result = {
            **_compare(detector, videos, chosen, console),
            "left_out": left_out,
            "run": os.fspath(workdir),
            "dataset": detector.metrics["dataset"],
            "detector": detector.metrics["detector"]["name"],
            "threshold": detector.threshold,
            "command": command,
        }
        write_json(out / NAME, result)
        robustness_curves.write(out / FIGURE, result)
        console.show(robustness_curves.table(result))
        for kind, why in left_out.items():
            console.say(f"  {kind} is left out: {why}")
        console.say(f"figures: {out / NAME}, {out / FIGURE}")
    return result


def _tested(run: Run) -> list[Video]:
    """Return the test videos of a run, or say why they cannot be altered."""
    if not run.pictures:
        raise UserError("the data set of this run holds features: there are no pictures to alter.")
    if len(run.folds) != 1 or run.protocol.unit != "video":
        raise UserError(
            f"{run.protocol.name} scores each part of the test side by a detector of its own; "
            "robustness is measured of a run with one detector, such as one_class."
        )
    test = run.folds[0].test
    videos = [run.videos[segment.video_id] for segment in test.segments]
    if any(len(s) != len(v.frames) for s, v in zip(test.segments, videos, strict=True)):
        raise UserError("the test side of this data set is parts of videos, which is not built.")
    labels = [video.labels for video in videos if video.labels is not None]
    if len(labels) < len(videos) or len(np.unique(np.concatenate(labels))) < 2:
        raise UserError("robustness needs labels of normal and of abnormal frames in the test set.")
    return videos


def _compare(
    detector: TrainedDetector, videos: Sequence[Video], kinds: Sequence[str], console: Console
) -> dict[str, Any]:
    """Score the videos as they are, then under each alteration and strength."""
    steps = [(kind, strength) for kind in kinds for strength in _strengths(kind)]
    frames = sum(len(video.frames) for video in videos)
    total = frames * (len(steps) + 1 + (FGSM in kinds))
    labels = {video.id: video.labels for video in videos if video.labels is not None}
    curves: dict[str, dict[str, Any]] = {k: {"unit": _unit(k), "strengths": []} for k in kinds}
    done = 0
    with console.bar("frames", total=total, unit="frames") as advance:

        def score(change: Change | None, name: str) -> list[ScoredVideo]:
            nonlocal done
            changed = [_altered(video, change, name) for video in videos]
            found = detector.score_videos(
                changed,
                report=lambda part: advance(done + part["frames"] + frames - part["total"]),
            )
            done += frames
            return found

        plain = score(None, "")
        if FGSM in kinds:
            attacker, signs = Attacker(detector.run), {}
            for number, video in enumerate(videos):
                signs[video.id] = attacker.signs(video, detector.stores / f"signs-{number}.npy")
                advance(done := done + len(video.frames))
        for kind, strength in steps:

            def change(video: Video, kind=kind, strength=strength) -> Frames:
                if kind != FGSM:
                    return AlteredFrames(video.frames, ALTERATIONS[kind].alter, strength)
                return Attacked(
                    video.frames,
                    detector.run.preprocess,
                    signs[video.id],
                    labels=labels[video.id],
                    strength=strength,
                )

            found = score(change, f"{kind} {strength}")
            curves[kind]["strengths"].append({"strength": strength, **_figures(found, plain)})
    return {"as_it_is": _figures(plain, plain), "kinds": curves}


def _altered(video: Video, change: Change | None, name: str) -> Video:
    """Return a video with other frames, under a fingerprint of their own."""
    if change is None:
        return video
    fingerprint = hashlib.sha256(f"{video.fingerprint} {name}".encode()).hexdigest()
    return dataclasses.replace(video, frames=change(video), fingerprint=fingerprint, masks=None)


def _strengths(kind: str) -> tuple[float, ...]:
    return STRENGTHS if kind == FGSM else ALTERATIONS[kind].strengths


def _unit(kind: str) -> str:
    return UNIT if kind == FGSM else ALTERATIONS[kind].unit


def _figures(found: Sequence[ScoredVideo], plain: Sequence[ScoredVideo]) -> dict[str, Any]:
    """Return what is left of the figures.

    Args:
        found: the altered videos, decided.
        plain: the same videos as they are.

    Returns:
        AUC of all frames and its difference with an interval over videos; shares of normal and of
        abnormal frames that the run's threshold calls abnormal, None without a threshold.
    """
    scores, labels = [v.scores for v in found], [v.truth for v in plain]
    test = paired_test([v.scores for v in plain], scores, labels)
    figures: dict[str, Any] = {
        "auc": frame.auc(np.concatenate(scores), np.concatenate(labels)),
        "difference": test.difference,
        "low": test.low,
        "high": test.high,
        "normal_called": None,
        "abnormal_called": None,
    }
    if all(video.threshold is not None for video in found):
        called = np.concatenate([v.scores >= v.threshold for v in found])
        rates = frame.threshold_metrics(frame.confusion(called, np.concatenate(labels)))
        figures["normal_called"] = rates["false_positive_rate"]
        figures["abnormal_called"] = rates["recall"]
    return figures
