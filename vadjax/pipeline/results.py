"""score -> evaluate -> report: the stages after training."""

import dataclasses
import functools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.comparison import compare
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits import Fold, Part
from vadjax.detectors import window_model
from vadjax.errors import UserError
from vadjax.pipeline import artifacts
from vadjax.pipeline.run import Run
from vadjax.storage.files import atomic_write, write_json

Scores = dict[str, np.ndarray]


def score(run: Run) -> None:
    """Detectors -> one score for every frame of the test and the calibration clips."""
    arrays: dict[str, Any] = {}
    shared = run.memory.once(("inputs", run.config.score.batch_size), dict)
    for fold in run.folds:
        detect = window_model.load(
            run.detector_dir(fold), run.model, run.objective, run.config, shared=shared
        )
        parts = {
            f"{split}|{fold.index}|{_name(run, part)}": part
            for split, side in (("test", fold.test), ("calibrate", fold.calibrate))
            for part in side
        }
        for name, found in detect({name: run.rows(part) for name, part in parts.items()}).items():
            for what, values in zip(("scores", "predicted"), found, strict=True):
                arrays[f"{name}|{what}"] = values
        for part in fold.test:  # so that two runs can be compared from their files alone
            if run.videos[part.video_id].labels is not None:
                labels = run.labels(part).astype(np.uint8)
                arrays[f"test|{fold.index}|{_name(run, part)}|labels"] = labels
    with atomic_write(run.workdir / "scores.npz") as beside, beside.open("wb") as file:
        np.savez(file, **arrays)


def _name(run: Run, part: Part) -> str:
    """Name a part: the video's id, with the frames where it is not the whole video."""
    if (part.start, part.stop) == (0, len(run.videos[part.video_id].frames)):
        return part.video_id
    return f"{part.video_id}[{part.start}:{part.stop}]"


def evaluate(run: Run) -> None:
    """Scores + truth -> metrics.json."""
    from vadjax.evaluation.evaluate import evaluate as assess

    test = [video for fold in records(run, "test") for video in fold]
    start = time.perf_counter()
    compared = baselines(run, {video.id: video.scores for video in test})
    run.note_timing(baselines_s=time.perf_counter() - start)
    e = run.config.evaluate
    metrics = assess(
        test,
        calibration=records(run, "calibrate"),
        context=context(run),
        baselines={
            name: [dataclasses.replace(video, scores=scores[video.id]) for video in test]
            for name, scores in compared.items()
        },
        rule=e.threshold,
        quantile=e.quantile,
        num_std=e.num_std,
        false_alarm_rate=e.false_alarm_rate,
        oracle=e.oracle,
        legacy=legacy(run, [video.id for video in test]) if e.legacy else None,
        resamples=e.num_bootstrap,
        seed=run.config.seed,
    )
    write_json(run.workdir / "metrics.json", metrics)


def records(run: Run, split: str) -> list[list[ScoredVideo]]:
    """Return the scored videos of each fold, of the split "test" or "calibrate"."""
    names = {_name(run, part): part for fold in run.folds for part in (*fold.test, *fold.calibrate)}
    return [
        [
            _record(run, names[name], fold=index, scores=s, predicted=p)
            for name, (s, p) in each.items()
        ]
        for index, each in enumerate(artifacts.read_scores(run, split))
    ]


def _record(run: Run, part: Part, **scored) -> ScoredVideo:
    video = run.videos[part.video_id]
    kinds = video.metadata.get("kinds", {})
    return ScoredVideo(
        id=_name(run, part),
        labels=None if video.labels is None else run.labels(part),
        fps=video.fps,
        fps_assumed=video.fps_assumed,
        kinds={kind: mask[part.start : part.stop] for kind, mask in kinds.items()},
        scene=video.scene,
        substituted=tuple(n for n in video.substituted if part.start <= n < part.stop),
        **scored,
    )


def legacy(run: Run, names: Sequence[str]) -> dict:
    """Return what figures as others compute them need: see `evaluation.legacy.legacy_part`."""
    found = {"errors": run.config.objective.name in ("predict", "reconstruct")}
    from vadjax import data

    versions = data.builder(run.dataset.name).legacy_label_versions
    if not versions:
        return found
    config = run.config.dataset.copy_and_resolve_references()
    [config.label_version] = versions
    try:
        videos = {v.id: v for v in data.load(config, cache_dir=run.cache).test}
    except UserError as error:
        return {**found, "no_other_labels": f"no interval labels: {error}"}
    labels = {name: videos[name].labels for name in names if name in videos}
    missing = [name for name in names if labels.get(name) is None]
    if missing:
        why = f"no interval labels for {len(missing)} video(s), first {missing[0]}"
        return {**found, "no_other_labels": why}
    return {**found, "other_labels": {config.label_version: labels}}


def baselines(run: Run, scores: Scores) -> dict[str, Scores]:
    """Score the same frames by what has learnt nothing, and by two classics on the features.

    kNN and Mahalanobis are fitted on the normal frames of the very clips that the detector was
    fitted on, standardised alike; feature maps are averaged over locations first.
    """
    from vadjax.features.motion import MOTION_NAMES
    from vadjax.scoring import baselines as simple

    lengths = {name: len(s) for name, s in scores.items()}
    found: dict[str, Scores] = dict(simple.content_free(lengths, seed=run.config.seed))
    motion = {name: run.motion_store.read(name) for name in scores}
    for column, name in enumerate(MOTION_NAMES):
        found[f"motion_{name}"] = {k: np.asarray(rows[:, column]) for k, rows in motion.items()}
    for fold in run.folds:
        key = ("classics", fold.fit, fold.test, run.config.evaluate.knn)
        classics = run.memory.once(key, functools.partial(_classics, run, fold))
        for name, scores_of in classics.items():
            found.setdefault(name, {}).update(scores_of)
    return found


def _classics(run: Run, fold: Fold) -> dict[str, Scores]:
    """Score a fold's test clips by kNN and Mahalanobis distance."""
    from vadjax.features.standardize import Standardizer
    from vadjax.scoring import baselines as simple

    normal = [_pooled(run.rows(p))[run.labels(p) == 0] for p in fold.fit]
    standardizer = Standardizer.fit(normal)
    fitted = np.concatenate([standardizer.apply(x) for x in normal])
    names = [p.video_id for p in fold.test]
    test = [standardizer.apply(_pooled(run.rows(p))) for p in fold.test]
    cuts = np.cumsum([len(x) for x in test])[:-1]
    both = np.concatenate(test)
    near = np.split(simple.knn(fitted, both, k=run.config.evaluate.knn), cuts)
    far = np.split(simple.mahalanobis(fitted, both), cuts)
    return {
        "knn": dict(zip(names, near, strict=True)),
        "mahalanobis": dict(zip(names, far, strict=True)),
    }


def _pooled(rows: np.ndarray) -> np.ndarray:
    """Average maps [t, h, w, c] over locations; pooled features [t, d] stay as they are."""
    return rows if rows.ndim == 2 else np.asarray(rows, np.float32).mean(axis=(1, 2))


def context(run: Run) -> dict:
    """Return what metrics.json says of the run besides its figures."""
    from vadjax.models.model import num_parameters
    from vadjax.storage.checkpoints import load_npz

    c, d = run.config, run.dataset
    warnings = list(dict.fromkeys(text for fold in run.folds for text in fold.stamps))
    if run.backbone.random:
        warnings.append("the backbone's weights are random: no figure here means anything")
    if c.features.last_stage:
        warnings.append(
            f"the backbone ends with {c.features.last_stage}, the rest of it is not used"
        )
    lookahead = run.objective.lookahead(c.window.length, bool(c.model.bidirectional))
    variables = load_npz(run.detector_dir(run.folds[0]) / "variables.npz")
    return {
        "dataset": d.name,
        "coverage": d.coverage,
        "label_version": d.label_version or None,
        "protocol": c.dataset.protocol,
        "warnings": warnings,
        "leakage": run.read("leakage.json"),
        "detector": {
            "backbone": c.features.backbone,
            "weights": run.backbone.weights_source,
            "weights_sha256": run.backbone.weights_sha256,
            "random_weights": run.backbone.random,
            "fit": c.features.fit,
            "size": list(run.backbone.preprocess.size),
            "tap": c.features.tap,
            "window": c.window.length,
            "model": c.model.name,
            "bidirectional": bool(c.model.bidirectional),
            "objective": c.objective.name,
            "parameters": num_parameters(variables),
        },
        "lookahead_frames": 0 if c.score.aggregate == "last" else lookahead * c.window.dilation,
        "seeds": [c.seed],
        "timing": run.timing,
        "environment": run.environment,
    }


def report(run: Run) -> None:
    """metrics.json and scores.npz -> figures/, report.html and results.xlsx."""
    from vadjax.pipeline.gallery import read_gallery
    from vadjax.report.figures import write_figures
    from vadjax.report.page import write_report
    from vadjax.report.thumbnails import thumbnails

    metrics = run.read("metrics.json")
    rows = {row["id"]: row for row in metrics["videos"]}
    videos = [
        dataclasses.replace(
            video,
            threshold=rows[video.id]["threshold"],
            alarms=tuple(tuple(alarm) for alarm in rows[video.id]["alarms"] or ()),
        )
        for fold in records(run, "test")
        for video in fold
    ]
    videos.sort(key=lambda video: list(run.videos).index(video.id))
    count = run.config.report.thumbnails
    curves = [artifacts.history(run, fold) for fold in run.folds]
    write_figures(run.workdir / "figures", metrics=metrics, videos=videos, history=curves)
    write_report(
        run.workdir / "report.html",
        metrics=metrics,
        videos=videos,
        thumbnails={v.id: thumbnails(run.videos[v.id], v.scores, count=count) for v in videos},
        history=curves,
        config=run.config.to_dict(),
        environment={**run.environment, "command": run.command},
        gallery=read_gallery(run),
    )
    compare.write_results(run.workdir, metrics=metrics, config=run.config, command=run.command)
