"""The stage `evaluate`: scores and truth to metrics.json."""

import time

import numpy as np

from vadjax import data
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.split_by_clip import SHARED_CLIPS
from vadjax.data.text.lists import some
from vadjax.detectors import DETECTORS
from vadjax.detectors.abilities import Adapter
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.evaluation.annotations import ONE, annotations_part
from vadjax.models.registry import OBJECTIVES
from vadjax.pipeline.added import words
from vadjax.pipeline.audit import audit_fits, copies_in_words
from vadjax.pipeline.baselines import baselines
from vadjax.pipeline.cross_fit import cross_folds_of
from vadjax.pipeline.findings import cautions_of, doubts_of
from vadjax.pipeline.latency import chunk_latency
from vadjax.pipeline.run import Run
from vadjax.pipeline.scene_bias import scene_bias_of
from vadjax.pipeline.sets import sets_of
from vadjax.storage import artifacts
from vadjax.storage.files import write_json


def evaluate(run: Run) -> None:
    """Write metrics.json."""
    from vadjax.evaluation.evaluate import evaluate as evaluate_scores

    scored = artifacts.read_scores(run.workdir)
    start = time.perf_counter()
    compared = baselines(run)
    run.add_timing(baselines_s=time.perf_counter() - start)
    titles = {
        name: {"title": DETECTORS[name].title, "group": DETECTORS[name].group} for name in compared
    }
    e = run.config.evaluate
    metrics = evaluate_scores(
        scored.test,
        calibration=[[v for v in scored.calibration if v.fold == f.index] for f in run.folds],
        context={**context(run, scored.calibration), "baseline_titles": titles},
        baselines=compared,
        rule=e.threshold,
        quantile=e.quantile,
        num_std=e.num_std,
        false_alarm_rate=e.false_alarm_rate,
        alarms_per_hour=e.alarms_per_hour,
        threshold_value=e.threshold_value,
        cross_fit=cross_fitted(run, scored.calibration),
        oracle=e.oracle,
        legacy=legacy(run, scored.test) if e.legacy else None,
        # All of them learn from labels by the logistic function or the soft-max.
        probabilities=run.gradient and OBJECTIVES[run.config.objective.name].supervised,
        # Windows are no sample of videos: there is no interval in any case.
        resamples=e.num_bootstrap if run.protocol.unit == "video" else 1,
        seed=run.config.seed,
    )
    metrics["leakage"] = audit_fits(run, metrics["threshold"]["calibration"]["clips"])
    leaked = (metrics["baselines"] or {}).get("nearest_in_time")
    if leaked is not None:
        metrics["warnings"].append(
            "the label of the training window nearest in time, no picture looked at, gets AUC "
            f"{leaked:.3f} on the same windows"
        )
    metrics["scene_bias"], why = scene_bias_of(run)
    metrics["annotations"], more = annotations_of(run, scored.test)
    metrics["reasons"] |= why | more
    if e.sets:
        metrics["sets"], why = sets_of(run, scored.test, metrics["threshold"]["values"])
        null = schema.null_paths(metrics)
        metrics["reasons"] |= {path: text for path, text in why.items() if path in null}
        metrics = schema.validate(metrics)
    if metrics["recognition"] is not None:
        metrics["recognition"]["latency"] = chunk_latency(run)
        if not run.pictures:
            metrics["reasons"]["recognition.latency.features_s"] = "the features are given"
    write_json(run.workdir / "metrics.json", metrics)


def annotations_of(run: Run, test: list[ScoredVideo]) -> tuple[dict | None, dict[str, str]]:
    """Evaluate against every labelling of the data set that is there, or all annotators' of it.

    Args:
        run: with its config.
        test: the scored videos.

    Returns:
        The part `annotations` of metrics.json, and reasons.
    """
    versions = data.builder(run.dataset.name).label_versions
    known = [video for video in test if video.labels is not None]
    if run.protocol.unit != "video" or not known:
        return None, {"annotations": ONE}
    by_name = [run.videos[video.id].metadata.get("annotations", {}) for video in known]
    if all(by_name):
        versions, found = (), {name: [own[name] for own in by_name] for name in by_name[0]}
    else:
        found = {run.dataset.label_version: [video.truth for video in known]}
    for version in (name for name in versions if name not in found):
        try:
            others = _labels(run, version)
        except UserError as error:
            return None, {"annotations": f"no labels {version}: {error}"}
        labels = [own for video in known if (own := others.get(video.id)) is not None]
        if len(labels) == len(known):
            found[version] = labels
    part, why = annotations_part([video.scores for video in known], found)
    if part is None:
        return None, {"annotations": why["annotations"]}
    missing = {"annotations.auc"} if None in part["auc"].values() else set()
    return part, {path: text for path, text in why.items() if path in missing}


def legacy(run: Run, test: list[ScoredVideo]) -> dict:
    """Return what figures as others compute them need: see `evaluation.legacy.legacy_part`.

    Args:
        run: with its config.
        test: the scored videos.

    Returns:
        Arguments of `legacy_part`.
    """
    objective = run.config.objective
    squared = objective.name in ("predict", "reconstruct", "adversarial")
    result: dict = {"errors": squared and objective.reduce != "psnr"}
    for version in data.builder(run.dataset.name).legacy_label_versions:
        try:
            others = _labels(run, version)
        except UserError as error:
            return {**result, "no_other_labels": f"no interval labels: {error}"}
        labels = {v.id: others[v.id] for v in test if v.id in others}
        missing = [v.id for v in test if labels.get(v.id) is None]
        if missing:
            why = f"no interval labels for {len(missing)} video(s), first {missing[0]}"
            return {**result, "no_other_labels": why}
        result["other_labels"] = {**result.get("other_labels", {}), version: labels}
    return result


def _labels(run: Run, version: str) -> dict[str, np.ndarray | None]:
    """Return the labels of the test clips by id, of another version; read once for all runs.

    A folder of one's own has the version that lies in it, whatever is asked for: then none.

    Raises:
        UserError: there are none of this version.
    """
    config = run.config.dataset.copy_and_resolve_references()
    config.label_version = version

    def read() -> dict[str, np.ndarray | None]:
        dataset = data.load(config, cache_dir=run.cache)
        return {v.id: v.labels for v in dataset.test if dataset.label_version == version}

    return run.memory.once(("labels", version), read)


def cross_fitted(run: Run, calibration: list[ScoredVideo]) -> int:
    """Return how many detectors of a cross-fit scored the held-out clips; 0: the run's own did.

    Args:
        run: of one fold or several.
        calibration: the held-out clips, scored.

    Returns:
        The number of its blocks.
    """
    folds = cross_folds_of(run)
    own = {clip.id for fold in run.folds for clip in run.clips(fold.calibration, fold)}
    added = {one.video.id for one in run.added}
    return len(folds) if {video.id for video in calibration} - added != own else 0


def context(run: Run, calibration: list[ScoredVideo]) -> dict:
    """Return what metrics.json says of the run besides its figures.

    Args:
        run: whose scores are there.
        calibration: the held-out clips, scored.

    Returns:
        Parts of metrics.json by key.
    """
    c, d = run.config, run.dataset
    state = artifacts.read_state(run.workdir, 0)
    adapts = run.detector.adapts() if isinstance(run.detector, Adapter) else []
    longest = max(len(video.frames) for video in d.test)
    return {
        "dataset": d.name,
        "coverage": _coverage(run),
        "label_version": d.label_version or None,
        "protocol": c.dataset.protocol,
        "warnings": _warnings(run, crossed=bool(cross_fitted(run, calibration))),
        "leakage": artifacts.read_json(run.workdir, "leakage.json"),
        "detector": {
            **_features(run),
            **run.detector.describe(state),
            **_epochs(run),
            **({"adapts": adapts} if adapts else {}),
        },
        "lookahead_frames": longest - 1 if adapts else run.detector.delay,
        "seeds": [c.seed],
        "timing": artifacts.read_timing(run.workdir),
        "environment": run.environment,
    }


def _epochs(run: Run) -> dict:
    """Return the epochs that were asked for, and those that each fold was trained for."""
    trained = artifacts.epochs_trained(run.workdir)
    if not trained and not run.gradient:
        return {}
    return {"epochs": run.config.train.epochs, "epochs_trained": trained}


def _coverage(run: Run) -> str | None:
    """Say how much of the data set, and of its windows, is tested."""
    fold, parts = run.folds[0], [run.dataset.coverage] if run.dataset.coverage else []
    if fold.test.kind == "window":
        tables = {fold.train, fold.validation, fold.test}  # two of them may be the same windows
        total = sum(map(len, tables))
        sources = f"{len(fold.test.segments)} {'clips' if run.dataset.clips_known else 'files'}"
        parts.append(f"{len(fold.test):,} of {total:,} windows, {sources}")
    return ", ".join(parts) or None


def _warnings(run: Run, *, crossed: bool) -> list[str]:
    warnings = list(dict.fromkeys(text for fold in run.folds for text in fold.warnings))
    warnings += [*cautions_of(run), *words(run.added), *doubts_of(run)]
    if crossed:  # then the threshold has clips of its own
        warnings = [text for text in warnings if SHARED_CLIPS not in text]
    warnings += copies_in_words(artifacts.read_json(run.workdir, "leakage.json"))
    if skipped := run.dataset.metadata.get("skipped", ()):
        count = f"{len(skipped)} of {len(skipped) + len(run.dataset.train + run.dataset.test)}"
        warnings.append(f"{count} videos cannot be read and are left out: {some(skipped)}")
    if fps := run.config.dataset.fps:
        warnings.append(
            f"clips that do not say their frame rate are taken to have {fps:g} frames a second "
            "(dataset.fps): times and rates an hour hang on it"
        )
    if rules := run.config.score.rules:
        warnings.append(f"rules change the scores, but not those of the baselines: {rules}")
    if run.taps:
        if run.backbone.random:
            warnings.append("the backbone's weights are random: no figure here means anything")
        if stage := run.config.features.last_stage:
            warnings.append(f"the backbone ends with {stage}, the rest of it is not used")
    return warnings


def _features(run: Run) -> dict:
    """Return what metrics.json says of the features, where the detector reads any."""
    if not run.pictures:
        known = run.dataset.metadata
        return {
            "name": run.config.detector.name,
            "backbone": known.get("features") or None,
            "weights": f"features given ({known['layout']})",
        }
    if not run.taps:
        return {"name": run.config.detector.name}
    f, augment = run.config.features, run.config.dataset.augment
    return {
        **({} if augment == "none" else {"augment": augment}),
        "name": run.config.detector.name,
        "backbone": f.backbone,
        "weights": run.backbone.weights_source,
        "weights_sha256": run.backbone.weights_sha256,
        "random_weights": run.backbone.random,
        "fit": f.fit,
        "size": list(run.backbone.preprocess.size),
        "tap": ", ".join(run.tap_specs),
    }
