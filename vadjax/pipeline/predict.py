"""New videos -> scores, alarms and a page, by a detector that a run has left behind."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from vadjax import config as configs
from vadjax import data
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.video import Video
from vadjax.detectors import window_model
from vadjax.errors import UserError
from vadjax.pipeline.run import Run, check_length, load_model
from vadjax.report.wording import plural
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs
from vadjax.storage.features import FeatureStore


def detect(
    workdir: pathlib.Path,
    paths: Sequence[str],
    *,
    out: pathlib.Path,
    fps: float | None = None,
    command: str = "",
    quiet: bool = False,
) -> dict[str, np.ndarray]:
    """Score unlabelled videos; write scores.csv, alarms.csv and report.html.

    A run of several folds (by_video) has left several detectors: a frame's score is the mean of
    theirs, and so is the threshold.

    Args:
        workdir: folder of a run whose `evaluate` stage has been done.
        paths: video files, folders of images, and folders of such clips.
        out: folder for the results.
        fps: frames a second of videos that do not say theirs. Without it their alarms have no
            times, and none that are close are taken as one.
        command: how a person would start this again.
        quiet: print nothing.

    Returns:
        Video name -> float32 [t] scores.

    Raises:
        UserError: the workdir holds no detector, a video cannot be read or is too short.
    """
    console = Console(quiet=quiet)
    config = configs.of_saved(workdirs.read_config(workdir))
    devices.setup(config.features.cache_dir)
    run = Run(config, workdir, console, command)
    metrics = run.read("metrics.json")
    videos = _opened(paths)
    silent = [v.id for v in videos if v.fps is None]
    if fps:
        videos = [
            dataclasses.replace(v, fps=fps, fps_assumed=True) if v.fps is None else v
            for v in videos
        ]
    total = sum(len(v.frames) for v in videos)
    count = plural(len(videos), "video")
    console.say(f"vadjax: {count}, {total} frames, with the detector of {workdir}")
    if run.backbone.weights_sha256 != metrics["detector"]["weights_sha256"]:
        raise UserError(
            f"the weights of {run.backbone.name} are others than those that {workdir} was trained "
            f"with ({run.backbone.weights_source}); give it the same file."
        )
    check_length(videos, run.span)
    if silent and not fps:
        console.say(
            f"  note: nothing says the frame rate of {', '.join(silent[:3])}"
            f"{f' and {len(silent) - 3} more' * (len(silent) > 3)}: alarms without times, and none "
            "that are close are taken as one; --fps=N gives it"
        )
    for video in videos:
        if (announced := video.metadata.get("announced", 0)) > len(video.frames):
            console.say(
                f"  note: {video.id}: its header announces {announced} frames, but only "
                f"{len(video.frames)} can be decoded"
            )
    unlike = _unlike(videos, workdirs.read_frame_sizes(workdir))
    for note in unlike:
        console.say(f"  note: {note}")
    store = _extract(run, videos, total)
    rows = {v.id: store.read(v.id) for v in videos}
    model = load_model(config, run.objective, feature_shape=next(iter(rows.values())).shape[1:])
    folders = sorted((workdir / "detector").glob("fold*"))
    if not folders:
        raise UserError(f"no trained detector in {workdir}; run vadjax.main on it first.")
    found = [window_model.load(folder, model, run.objective, config)(rows) for folder in folders]
    scores = {
        v.id: np.stack([f[v.id][0] for f in found]).mean(0, np.float64).astype(np.float32)
        for v in videos
    }
    predicted = {v.id: found[0][v.id][1] for v in videos}
    values = metrics["threshold"]["values"]
    threshold = None if None in values else float(np.mean(values))
    metrics = {**metrics, "warnings": [*metrics["warnings"], *unlike]}
    _write(run, metrics, videos, scores, predicted, threshold, out)
    return scores


def _opened(paths: Sequence[str]) -> list[Video]:
    """Open every path; two clips of one name get their folder's name before it."""
    videos: list[Video] = []
    seen: dict[str, str] = {}
    for path in paths:
        for video in data.open_videos(path):
            name = video.id.split("/", 1)[1]
            if name in seen:
                name = f"{pathlib.Path(path).absolute().parent.name}/{name}"
            if name in seen:
                raise UserError(f"two videos are called {name}: of {seen[name]} and {path}.")
            seen[name] = path
            videos.append(dataclasses.replace(video, id=name))
    return videos


def _unlike(videos: Sequence, known: Sequence) -> list[str]:
    """Say which videos have frames of a size that the detector was not trained on.

    Args:
        videos: to be scored.
        known: (height, width) of the fitted frames; empty where the run did not note them.
    """
    fitted = {(height, width) for height, width in known}
    found: dict[tuple[int, int], list[str]] = {}
    for video in videos:
        if fitted and video.frames.shape not in fitted:
            found.setdefault(video.frames.shape, []).append(video.id)
    trained = " and ".join(f"{w}x{h}" for h, w in sorted(fitted))
    notes = []
    for (height, width), names in found.items():
        same = any(abs(width * h - height * w) <= max(h, w) for h, w in fitted)
        meaning = (
            "things look smaller or larger than it has learnt"
            if same
            else "another shape of picture: another camera, or a part of the picture"
        )
        some = ", ".join(names[:3]) + f" and {len(names) - 3} more" * (len(names) > 3)
        notes.append(
            f"{some}: frames of {width}x{height}, the detector was trained on {trained}: {meaning}"
        )
    return notes


def _extract(run: Run, videos: list, total: int) -> FeatureStore:
    from vadjax.features.calibrate import choose_micro_batch
    from vadjax.features.extract import extract
    from vadjax.features.extractor import Extractor, features_spec

    f = run.config.features
    spec = {**features_spec(run.backbone, tap=f.tap), "root": ""}
    store = FeatureStore(run.cache / "features" / "detect", spec)
    micro_batch = choose_micro_batch(
        run.backbone,
        tap=f.tap,
        batch_size=f.batch_size,
        cache_dir=run.cache,
        num_frames=total,
    )
    extractor = Extractor(
        run.backbone, taps=(f.tap,), batch_size=f.batch_size, micro_batch=micro_batch
    )
    with run.console.bar("frames", total=total, unit="frames") as advance:
        done = extract(
            videos,
            extractor=extractor,
            stores={f.tap: store},
            num_threads=os.cpu_count() or 1,
            report=lambda p: advance(p["frames"] + total - p["total"]),
        )
    if done["frames"]:
        run.console.say(f"  {done['frames']} frames, {done['frames_per_s']:.1f} frames/s")
    return store


def _write(run, metrics, videos, scores, predicted, threshold, out: pathlib.Path) -> None:
    from vadjax.evaluation.accounting import account
    from vadjax.evaluation.decisions import decide
    from vadjax.report import tables
    from vadjax.report.page import write_report
    from vadjax.report.thumbnails import thumbnails

    records = [
        decide(
            ScoredVideo(
                id=video.id,
                scores=scores[video.id],
                predicted=predicted[video.id],
                fps=video.fps,
                fps_assumed=video.fps_assumed,
                substituted=tuple(video.substituted),
            ),
            threshold,
        )
        for video in videos
    ]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise workdirs.unwritable(out, error) from error
    tables.write_scores(out / "scores.csv", records)
    tables.write_alarms(out / "alarms.csv", records)
    no_labels = "the videos have no labels"
    page = {
        **{
            k: metrics[k] for k in ("protocol", "detector", "warnings", "lookahead_frames", "seeds")
        },
        "dataset": "unlabelled",
        "coverage": f"trained on {metrics['dataset']}",
        "frame": None,
        "threshold": {"rule": metrics["threshold"]["rule"], "value": threshold},
        "accounting": account(records),
        "reasons": {"frame": no_labels, "accounting.labels": no_labels},
    }
    environment = {**run.environment, "command": run.command}
    count = run.config.report.thumbnails
    write_report(
        out / "report.html",
        metrics=page,
        videos=records,
        thumbnails={v.id: thumbnails(v, scores[v.id], count=count) for v in videos},
        config=run.config.to_dict(),
        environment=environment,
    )
    for video in records:
        run.console.say(f"  {video.id}: alarms: {len(video.alarms)}")
    run.console.say(f"report: {out / 'report.html'}")
