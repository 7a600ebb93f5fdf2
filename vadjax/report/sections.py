"""What the sections of the page need, laid out for the templates."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.normal_scene import NormalScene
from vadjax.evaluation import event_matching, events, parts
from vadjax.report import charts, normal_map, plots, texts, wording
from vadjax.report.timelines import data_uri

TRIED = 400  # steps of the slider of a page without labels
OF_EVENTS = {  # what the script counts events by
    "merge_s": events.MERGE_S,
    "min_hours": events.MIN_HOURS,
    "found_iou": events.FOUND_IOU,
    "iou_levels": event_matching.LEVELS,
}


def common(values: Iterable[Any]) -> Any:
    """Return the one value that all share, else None."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def comparison(metrics: Mapping) -> dict:
    """Lay out the detector and its baselines, as groups of bars."""
    headline = wording.headline(metrics)
    own = wording.lookup(metrics, headline.path)
    rows = [("detector", own)]
    named = wording.baselines(metrics)
    rows += [(row.key, wording.lookup(metrics, f"baselines.{row.key}")) for row in named]
    groups: dict[str, list] = {}
    values = dict(rows)
    for row in named:
        groups.setdefault(wording.in_unit(row.group, metrics), []).append(
            (row.key, row.name, values[row.key])
        )
    laid = charts.bars(rows, wording.lookup(metrics, headline.interval))
    return {"own": own, "groups": groups, **laid}


def roc_of(videos: Sequence[ScoredVideo]) -> dict | None:
    """Return the ROC curve over all labelled frames, with the point of the thresholds."""
    curve = plots.roc(*parts.pool(videos))
    if curve is None:
        return None
    points, pr = np.array([p[:2] for p in curve["points"]]), np.array(curve["pr"])
    curve["path"] = plots.path(points[:, 0], points[:, 1])
    curve["pr_path"] = plots.path(pr[:, 0], pr[:, 1])
    curve["chance"] = curve["positives"] / (curve["positives"] + curve["negatives"])
    curve["operating"] = curve["precision"] = None
    known = parts.labelled(videos)
    if parts.decided(known):  # each fold may have its own threshold
        called, labels = parts.pool_calls(known), parts.pool(known)[1].astype(bool)
        curve["operating"] = (float(called[~labels].mean()), float(called[labels].mean()))
        if called.any():
            curve["precision"] = float(labels[called].mean())
    return curve


def flat(tree: Mapping, prefix: str = "") -> list[tuple[str, str]]:
    """Flatten nested mappings.

    Args:
        tree: nested mappings.
        prefix: of every key.

    Returns:
        (dotted key, text) of each leaf.
    """
    rows = []
    for key, value in tree.items():
        if hasattr(value, "items"):
            rows += flat(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            rows.append((f"{prefix}{key}", ", ".join(map(str, value))))
        else:
            rows.append((f"{prefix}{key}", str(value)))
    return rows


def config_sections(config: Mapping) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the config as (section, rows); keys outside any section come under ""."""
    loose = {k: v for k, v in config.items() if not hasattr(v, "items")}
    named = [(k, flat(v)) for k, v in config.items() if hasattr(v, "items")]
    return ([("", flat(loose))] if loose else []) + named


def timing(measured: Mapping | None) -> list[tuple[str, float, float | None]]:
    """Return (stage, seconds, % of the longest); rates (`..._per_s`) carry no percentage."""
    known = {k: float(v) for k, v in (measured or {}).items() if isinstance(v, (int, float))}
    longest = max((s for k, s in known.items() if not k.endswith("_per_s")), default=0) or 1.0
    rows: list[tuple[str, float, float | None]] = []
    for key, value in known.items():
        if key.endswith("_per_s"):
            rows.append((key.removesuffix("_per_s").replace("_", " ") + " per second", value, None))
        elif key.endswith("_s"):
            name = key.removesuffix("_s").replace("_", " ")
            rows.append((name, value, round(100 * value / longest, 2)))
    return rows


def rules(metrics: Mapping) -> list[dict]:
    """Return the rows of metrics.thresholds, the rule in use marked."""
    used = wording.lookup(metrics, "threshold.rule")
    return [
        {
            **row,
            "name": wording.in_unit(texts.RULE_NAMES.get(row["rule"], row["rule"]), metrics),
            "note": wording.in_unit(row.get("note") or "", metrics),
            "used": row["rule"] == used,
        }
        for row in metrics.get("thresholds") or ()
    ]


def sweep(metrics: Mapping) -> dict | None:
    """Lay out rates and false alarms against the threshold; None where there is no sweep."""
    found = metrics.get("sweep")
    if not found or len(found.get("threshold") or ()) < 2:
        return None
    x = [float(v) for v in found["threshold"]]
    shares = {k: found[k] for k in ("precision", "recall", "f1", "fpr") if found.get(k)}
    laid: dict = {"rates": charts.lines(x, shares, high=1.0), "alarms": None}
    if alarms := found.get("false_alarms"):
        top = max((v for v in alarms if v is not None), default=0) or 1
        laid["alarms"] = charts.lines(x, {"false_alarms": alarms}, high=1.05 * top)
    at = wording.lookup(metrics, "threshold.value")
    inside = at is not None and min(x) <= at <= max(x)
    laid["limit"] = laid["rates"]["at"](at) if inside else None
    return laid


def gallery_of(gallery: Mapping | None) -> dict | None:
    """Return the groups of pictures of the gallery, each row with its picture's uri."""
    if not gallery:
        return None
    groups = []
    for key, (name, text) in texts.MOMENTS.items():
        rows = [{**row, "uri": data_uri(row["jpeg"])} for row in gallery["pictures"].get(key) or ()]
        groups.append({"key": key, "name": name, "text": text, "rows": rows})
    shade = [f"{100 * share:g} % quantile" for share in gallery.get("quantiles") or ()]
    return {
        **gallery,
        "groups": groups,
        "any": any(group["rows"] for group in groups),
        "shade_words": shade or ["lower end", "upper end"],
    }


def normal_of(normal: NormalScene | None) -> dict | None:
    """Return the map of what is normal, its scales and what it is learnt from."""
    if normal is None:
        return None
    learnt = f"learnt from {normal.frames:,} frames, {wording.duration(normal.seconds)}"
    speed = "" if normal.speed is None else f"; mean speed {normal.speed:.1f} body heights/s"
    scale = None
    if normal.arrows:
        columns = normal.background.shape[1]
        speed_of_scale = normal_map.speed_of_scale(normal)
        scale = {
            "speed": f"{speed_of_scale:g}",
            "width": round(100 * speed_of_scale * normal_map.length_of_1(normal) / columns, 2),
            "fastest": any(arrow.fastest is not None for arrow in normal.arrows),
        }
    return {
        "uri": data_uri(normal_map.picture(normal)),
        "scope": learnt + speed,
        "scale": scale,
        "most": normal_map.most(normal),
        "described": f"Map of the scene: {wording.plural(len(normal.arrows), 'arrow')} of usual "
        "ways and speeds, and where something is seen",
    }


def limits(
    curve: Mapping | None,
    metrics: Mapping,
    videos: Sequence[ScoredVideo],
    shown: Sequence[ScoredVideo],
) -> dict:
    """Return the thresholds that the page's slider can take, and what the hidden videos add.

    Args:
        curve: what `roc_of` returns.
        metrics: the dict of metrics.json.
        videos: all videos of the run.
        shown: those that have a timeline on the page.

    Returns:
        `limits`, ascending, every threshold of the curves, of the run and of the other rules; None
        (above every score) comes last. `hidden` {abnormal, normal, counts [(tp, fp)] of each limit,
        or None where every video is shown}, and `OF_EVENTS`.
    """
    if curve is None:
        return {
            "limits": _of_scores(shown),
            "hidden": {"abnormal": 0, "normal": 0, "counts": None},
            **OF_EVENTS,
        }
    known = {threshold for _, _, threshold in curve["points"] if threshold is not None}
    known |= {float(v.threshold) for v in videos if v.threshold is not None}
    known |= {
        float(r["value"]) for r in metrics.get("thresholds") or () if r.get("value") is not None
    }
    chosen = [*sorted(known), None]
    drawn = {video.id for video in shown}
    away = [v for v in videos if v.id not in drawn and v.labels is not None]
    hidden: dict = {"abnormal": 0, "normal": 0, "counts": None}
    if away:
        scores = np.concatenate([v.scores for v in away]).astype(np.float64)
        labels = np.concatenate([v.labels for v in away]).astype(bool)
        above = [np.sort(scores[labels == kind]) for kind in (True, False)]
        edges = np.array(chosen[:-1])
        tp, fp = (len(s) - np.searchsorted(s, edges, side="left") for s in above)
        hidden["counts"] = [*zip(tp.tolist(), fp.tolist(), strict=True), (0, 0)]
        hidden["abnormal"], hidden["normal"] = (len(s) for s in above)
    return {"limits": chosen, "hidden": hidden, **OF_EVENTS}


def _of_scores(videos: Sequence[ScoredVideo]) -> list[float | None]:
    """Return thresholds to try where there are no labels: `TRIED` quantiles, ends, the run's."""
    scores = [np.asarray(v.scores, np.float64) for v in videos if v.labels is None]
    if not scores or not sum(map(len, scores)):
        return []
    pooled = np.sort(np.concatenate(scores))
    # Alarms are few: half of the steps are spent on the highest hundredth of the scores.
    shares = [*np.linspace(0, 0.99, TRIED // 2), *np.linspace(0.99, 1, TRIED // 2)]
    at = np.round(np.array(shares) * (len(pooled) - 1)).astype(int)
    own = [float(v.threshold) for v in videos if v.threshold is not None]
    return [*sorted({*pooled[at].tolist(), *own}), None]


def called_share(videos: Sequence[ScoredVideo]) -> float | None:
    """Return the share of frames at or above their video's threshold; None without frames."""
    called = [events.called(video) for video in videos]
    return float(np.concatenate(called).mean()) if sum(map(len, called)) else None
