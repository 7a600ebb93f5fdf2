"""Choose the cues of detector scene for a camera by pseudo-anomalies, without a label."""

import concurrent.futures
import contextlib
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from vadjax.data.clip import Clip, clips_of
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors.contract import Progress
from vadjax.detectors.scene.cues import BY_NAME, BY_TRAINING, BY_WEIGHTS, CUES, chosen
from vadjax.detectors.scene.subsets import subsets
from vadjax.errors import UserError
from vadjax.evaluation.paired_choice import choose, clip_auc, means
from vadjax.features.scene.extract import measure_scene, usual_fps
from vadjax.pipeline.cue_scores import score_rows, score_video
from vadjax.pipeline.pseudo_set import pseudo_clips, stretches
from vadjax.pipeline.run import Run
from vadjax.report import tuned
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.storage.files import write_json

NUM_FOLDS = 4  # of the normal clips
NAME = "tune.json"


def tune(
    config: ConfigDict,
    workdir: pathlib.Path,
    *,
    num_clips: int = 0,
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> dict[str, Any]:
    """Compare sets of cues on held-out normal clips and pseudo-anomalies; write tune.json.

    The test clips of the data set are neither scored nor are their labels read.

    Args:
        config: a validated config of detector scene.
        workdir: folder for tune.json.
        num_clips: pseudo-abnormal ones of each kind and beginning; 0 chooses.
        command: how a person would start this again.
        quiet: print nothing.
        verbose: print details, and the time before each line.

    Returns:
        What tune.json holds: the recommended cues and the figures of all sets.

    Raises:
        UserError: another detector, or clips that it cannot learn from.
    """
    if config.detector.name != "scene":
        raise UserError(
            f"tune chooses the cues of detector scene, but the config has "
            f"{config.detector.name}: name another config, such as folder_scene."
        )
    config = config.copy_and_resolve_references()
    present = chosen(config.scene)
    config.scene.cues = _all_cues(config)
    console = Console(quiet=quiet, verbose=verbose)
    devices.setup(config.features.cache_dir)
    devices.check()
    with contextlib.ExitStack() as opened:
        opened.enter_context(console.attached())
        run = Run(config, workdir, console, command)
        with console.doing("opening the data set"):
            clips = normal_clips(run)
        console.say(f"vadjax tune: {config.dataset.name}, {len(clips)} normal clips or parts")
        result = compare(run, clips, present=present, num_clips=num_clips)
        result["command"] = command
    write_json(workdir / NAME, result)
    console.show(tuned.table(result))
    for line in tuned.words(result):
        console.say(line)
    console.say(f"all figures: {workdir / NAME}")
    return result


def _all_cues(config: ConfigDict) -> tuple[str, ...]:
    """Return the cues to compare, those that are off by default only where it names them."""
    left_out = {*BY_NAME, BY_TRAINING} - set(config.scene.cues)
    if not config.scene.objects:
        left_out.add(BY_WEIGHTS)
    return tuple(cue for cue in CUES if cue not in left_out)


def normal_clips(run: Run) -> list[Clip]:
    """Return the normal training clips of a run, in parts where they are fewer than the folds.

    Args:
        run: whose training side is read.

    Returns:
        Clips of one segment each.

    Raises:
        UserError: the run has several folds.
    """
    if len(run.folds) != 1 or run.protocol.supervised:
        raise UserError("tune takes normal training clips: set dataset.protocol=one_class.")
    (fold,) = run.folds
    tables = dict.fromkeys((fold.train, fold.validation, fold.calibration))
    whole = list(dict.fromkeys(s for units in tables for s in units.segments))
    whole.sort(key=lambda segment: (segment.video_id, segment.start))
    pieces = -(-NUM_FOLDS // len(whole))
    segments = [
        Segment(s.video_id, s.start + len(s) * k // pieces, s.start + len(s) * (k + 1) // pieces)
        for s in whole
        for k in range(pieces)
    ]
    return clips_of(Units(tuple(segments)), run.videos, run.read, name="normal")


def compare(
    run: Run, clips: Sequence[Clip], *, present: tuple[str, ...], num_clips: int = 0
) -> dict[str, Any]:
    """Score held-out normal and pseudo-abnormal clips by every set of cues.

    Args:
        run: of detector scene with all cues.
        clips: normal, one segment each.
        present: the cues of the config.
        num_clips: pseudo-abnormal ones of each kind and beginning; 0 chooses.

    Returns:
        The figures and the recommendation.

    Raises:
        UserError: no pseudo-anomaly can be made, or nothing can be learnt.
    """
    fps = usual_fps(run.dataset.train)
    measure(run, clips, fps)
    fold_of = {clip.id: number % NUM_FOLDS for number, clip in enumerate(clips)}
    chosen = stretches(clips, fps=fps)
    with run.console.bar(
        "following bodies", total=sum(s.stop - s.start for s in chosen.values()), unit="frames"
    ) as advance:
        followed = 0

        def report(count: int) -> None:
            nonlocal followed
            followed += count
            advance(followed)

        made, missing = pseudo_clips(
            chosen,
            held_with=fold_of,
            reference=run.reference,
            fps=fps,
            seed=run.config.seed,
            count=num_clips,
            report=report,
        )
    if not made:
        raise UserError(
            "no body could be followed in the normal clips, so nothing abnormal can be made of "
            "them; give clips in which single bodies move, or keep the cues as they are."
        )
    sets = subsets([*run.detector.cues])
    if present not in sets:  # another order, the same cues
        present = next((one for one in sets if set(one) == set(present)), sets[0])
    states = fit(run, clips, fold_of)
    normal = [score_rows(clip, states[fold_of[clip.id]], fps, sets) for clip in clips]
    pooled = np.sort(np.concatenate(normal), axis=0)
    values = np.zeros((len(made), len(sets)))
    with run.console.bar(
        "scoring pseudo-anomalies", total=sum(len(v.frames) for *_, v in made), unit="frames"
    ) as advance:
        done = 0

        def score(job: tuple[str, str, Video]) -> np.ndarray:
            nonlocal done
            _, name, video = job
            found = score_video(run, video, states[fold_of[name]], sets)
            done += len(video.frames)
            advance(done)
            abnormal = found[np.asarray(video.labels)[1:] > 0]
            return np.array([clip_auc(pooled[:, k], abnormal[:, k]) for k in range(len(sets))])

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for number, row in enumerate(pool.map(score, made)):
                values[number] = row
    return _result(values, [kind for kind, *_ in made], sets, present, missing, len(pooled), run)


def measure(run: Run, clips: Sequence[Clip], fps: float) -> None:
    """Measure the videos of clips, where the store does not have them.

    Args:
        run: of detector scene.
        clips: whose rows are needed.
        fps: frames a second of a video that does not say its own.
    """
    videos = [*{clip.videos[0].id: clip.videos[0] for clip in clips}.values()]
    total = sum(len(video.frames) for video in videos)
    with run.console.bar("frames", total=total, unit="frames") as advance:
        measure_scene(
            videos,
            reference=run.reference,
            looks=run.frontend.looks,
            objects=run.frontend.objects,
            stores=run.scene_stores,
            fps=fps,
            num_threads=os.cpu_count() or 1,
            report=lambda part: advance(part["frames"] + total - part["total"]),
        )


def fit(run: Run, clips: Sequence[Clip], fold_of: dict[str, int]) -> list[Any]:
    """Fit a detector without the clips of each fold.

    Args:
        run: of detector scene.
        clips: normal.
        fold_of: id of a clip -> number of the fold that holds it out.

    Returns:
        The state of each fold.
    """
    found = []
    for number in range(NUM_FOLDS):
        progress = Progress(run.console, label=f"fit {number + 1}/{NUM_FOLDS}: ")
        others = [clip for clip in clips if fold_of[clip.id] != number]
        found.append(run.detector.fit(others, (), seed=run.config.seed, progress=progress))
    return found


def _result(
    values: np.ndarray,
    kinds: list[str],
    sets: list[tuple[str, ...]],
    present: tuple[str, ...],
    missing: list[str],
    num_normal: int,
    run: Run,
) -> dict[str, Any]:
    found = choose(values, kinds, present=sets.index(present))
    by_kind = means(values, kinds)
    mean = np.mean([*by_kind.values()], axis=0)
    order = sorted(range(len(sets)), key=lambda k: -mean[k])
    return {
        "recommended": list(sets[found.recommended]),
        "present": list(present),
        "best": list(sets[found.best]),
        "gain": found.gain,
        "gain_standard_error": found.error,
        "sets": [
            {
                "cues": list(sets[k]),
                "mean": float(mean[k]),
                "auc": {kind: float(own[k]) for kind, own in by_kind.items()},
            }
            for k in order
        ],
        "clips": {kind: kinds.count(kind) for kind in by_kind},
        "kinds_left_out": missing,
        "normal_frames": num_normal,
        "dataset": run.config.dataset.name,
        "seed": int(run.config.seed),
    }
