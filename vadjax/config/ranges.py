"""Which values of a config lie outside their range."""

import math
from collections.abc import Mapping
from typing import Any


def ranges(flat: Mapping[str, Any]) -> list[str]:
    """Return which values of a flat config lie outside their range."""
    faults: list[str] = []

    def need(ok: bool, text: str) -> None:
        if not ok:
            faults.append(text)

    def positive(*keys: str) -> None:
        for key in keys:
            need(flat[key] > 0, f"{key} is {flat[key]}; it must be above 0.")

    positive("window.length", "window.stride", "window.dilation", "train.epochs")
    positive("train.batch_size", "train.learning_rate", "features.batch_size", "score.batch_size")
    positive("train.checkpoint_every", "evaluate.num_bootstrap", "evaluate.knn")
    positive("explain.batch_size", "train.plateau_patience", "model.lag", "model.mean")
    positive("model.mixture", "objective.scored_rows", "objective.top_places")
    for key in ("explain.num_judged", "explain.deletion_images", "explain.store_mb"):
        need(flat[key] >= 0, f"{key} is {flat[key]}; it must be 0 (off) or more.")
    need(
        flat["train.memory_mb"] >= 0,
        f"train.memory_mb is {flat['train.memory_mb']}; it must be 0 (automatic) or more.",
    )
    need(len(flat["model.units"]) > 0, "model.units is empty; give at least one layer's width.")
    need(
        all(u > 0 for u in flat["model.units"]),
        f"model.units is {tuple(flat['model.units'])}; every width must be above 0.",
    )
    need(
        flat["model.memory"] >= 2,
        f"model.memory is {flat['model.memory']}; a memory wants at least 2 items.",
    )
    need(
        flat["dataset.fps"] == 0 or 0.01 <= flat["dataset.fps"] <= 1000,
        f"dataset.fps is {flat['dataset.fps']}; it must be from 0.01 to 1000 frames a second, or 0 "
        "where it is not known.",
    )
    for key in ("dataset.holdout", "model.dropout"):
        need(0 <= flat[key] < 1, f"{key} is {flat[key]}; it must be in [0, 1).")
    need(0 <= flat["train.mix"] <= 1, f"train.mix is {flat['train.mix']}; it must be in [0, 1].")
    for key in ("evaluate.quantile", "evaluate.false_alarm_rate", "train.plateau_factor"):
        need(0 < flat[key] < 1, f"{key} is {flat[key]}; it must be in (0, 1).")
    need(
        flat["evaluate.alarms_per_hour"] > 0,
        f"evaluate.alarms_per_hour is {flat['evaluate.alarms_per_hour']}; it must be above 0.",
    )
    need(
        flat["evaluate.cross_fit"] == 0 or flat["evaluate.cross_fit"] >= 2,
        f"evaluate.cross_fit is {flat['evaluate.cross_fit']}; it must be 0 (off), or 2 and more.",
    )
    given = flat["evaluate.threshold_value"]
    need(
        given is None or math.isfinite(given),
        f"evaluate.threshold_value is {given}; it must be a number.",
    )
    positive("places.neighbours", "places.updates")
    need(
        flat["places.dims"] >= 0,
        f"places.dims is {flat['places.dims']}; it must be 0 (all) or more.",
    )
    share = flat["places.coreset"]
    need(0 < share <= 1, f"places.coreset is {share}; it must be in (0, 1].")
    crops = flat["features.crops"]
    need(crops in (1, 10), f"features.crops is {crops}; it must be 1 or 10.")
    size = (flat["features.height"], flat["features.width"])
    need(
        (size[0] > 0) == (size[1] > 0) and min(size) >= 0,
        f"features.height, width are {size}; give both in pixels, or 0 for both.",
    )
    return faults
