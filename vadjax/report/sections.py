"""What each part of the page needs, laid out for the templates."""

import base64
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from vadjax.report import plots, wording
from vadjax.report.view import VideoView, runs

MAX_TIMELINES = 200  # more would make no page; the tables and curves still hold every video
MOMENTS = 5  # pictures under an unlabelled video's timeline
MERGE_S = 1.0  # alarms and events less apart are one, as evaluation/ has it


def worth_showing(videos: Sequence[VideoView]) -> Sequence[VideoView]:
    """Keep every video, or of very many those with the highest peaks, in their order."""
    if len(videos) <= MAX_TIMELINES:
        return videos
    peaks = [float(v.scores[v.peak]) if len(v.scores) else -np.inf for v in videos]
    keep = sorted(np.argsort(peaks, kind="stable")[-MAX_TIMELINES:])
    return [videos[i] for i in keep]


def _uri(jpeg: bytes) -> Markup:
    return Markup("data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii"))


def view_of(
    view: VideoView, low: float, high: float, digits: int, labelled: bool, log: bool = False
) -> dict:
    """Return what the template needs of one video."""
    pictures = sorted(view.thumbnails, key=lambda p: p[0])
    if labelled or len(pictures) <= 1:  # the one nearest to the peak
        best = sorted(pictures, key=lambda p: abs(p[0] - (view.peak or 0)))[:1]
    else:  # the most abnormal ones, in order of time
        best = sorted(sorted(pictures, key=lambda p: -view.scores[p[0]])[:MOMENTS])
    return {
        "video": view,
        "plot": plots.timeline(view, low=low, high=high, log=log),
        "moments": [(f, _uri(jpeg), float(view.scores[f])) for f, jpeg in best],
        "kinds": sorted({kind for _, _, kind in view.kinds}),
        "num_filled": int(np.sum(~np.asarray(view.predicted, bool))),
        "num_abnormal": None if view.labels is None else int(np.sum(view.labels)),
        "peak_score": float(view.scores[view.peak]) if len(view.scores) else None,
        "described": _described(view, digits),
        "film": view.film and urllib.parse.quote(view.film),
    }


def _described(view: VideoView, digits: int) -> str:
    """Say in one sentence what a timeline shows."""
    if not len(view.scores):
        return f"{view.id}: no frames"
    words = [
        f"{view.id}: {wording.plural(len(view.scores), 'frame')}",
        f"highest score {wording.number(float(view.scores[view.peak]), digits)}"
        f" at frame {view.peak}",
    ]
    stretches = [("alarms", view.alarms)]
    if view.labels is not None:
        stretches.insert(0, ("truly abnormal", runs(view.labels)))
    for name, found in stretches:
        named = ", ".join(f"{a} to {b - 1}" for a, b in list(found)[:8])
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        words.append(f"{name}: frames {named}{more}" if named else f"{name}: none")
    return "; ".join(words) + "."


def alarms_of(view: VideoView) -> list[dict]:
    """Return a row for each alarm: frames, times if known, peak, and the picture nearest to it."""
    rows = []
    for start, stop in view.alarms:
        peak = start + int(np.argmax(view.scores[start:stop]))
        nearest = min(view.thumbnails, key=lambda p: abs(p[0] - peak), default=None)
        rows.append(
            {
                "start": start,
                "stop": stop,
                "peak": peak,
                "score": float(view.scores[peak]),
                "picture": _uri(nearest[1]) if nearest and start <= nearest[0] < stop else None,
                "times": [f / view.fps for f in (start, stop)] if view.fps else None,
            }
        )
    return rows


def common(values: Iterable[Any]) -> Any:
    """Return the one value that all share, else None."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def comparison(metrics: Mapping) -> dict:
    """Lay out the detector and its baselines, as groups of bars."""
    own = wording.lookup(metrics, "frame.auc_micro")
    rows = [("detector", own)]
    named = wording.baselines(metrics)
    rows += [(row.key, wording.lookup(metrics, f"baselines.{row.key}")) for row in named]
    groups: dict[str, list] = {}
    values = dict(rows)
    for row in named:
        groups.setdefault(row.group, []).append((row.key, row.name, values[row.key]))
    laid = plots.bars(rows, wording.lookup(metrics, "frame.auc_micro_ci95"))
    return {"own": own, "groups": groups, **laid}


def roc_of(videos: Sequence[VideoView]) -> dict | None:
    """Return the ROC curve over all labelled frames, with the point of the thresholds."""
    known = [v for v in videos if v.labels is not None]
    if not known:
        return None
    scores = np.concatenate([v.scores for v in known])
    labels = np.concatenate([v.labels for v in known]).astype(bool)
    curve = plots.roc(scores, labels)
    if curve is None:
        return None
    points, pr = np.array([p[:2] for p in curve["points"]]), np.array(curve["pr"])
    curve["path"] = plots.path(points[:, 0], points[:, 1])
    curve["pr_path"] = plots.path(pr[:, 0], pr[:, 1])
    curve["chance"] = float(labels.mean())
    curve["operating"] = curve["precision"] = None
    if all(v.threshold is not None for v in known):  # each fold may have its own
        called = np.concatenate([v.scores >= v.threshold for v in known])
        curve["operating"] = (float(called[~labels].mean()), float(called[labels].mean()))
        if called.any():
            curve["precision"] = float(labels[called].mean())
    return curve


def flat(tree: Mapping, prefix: str = "") -> list[tuple[str, str]]:
    """Flatten nested mappings to (dotted key, text)."""
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
            "name": wording.RULE_NAMES.get(row["rule"], row["rule"]),
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
    laid: dict = {"rates": plots.lines(x, shares, high=1.0), "alarms": None}
    if alarms := found.get("false_alarms"):
        top = max((v for v in alarms if v is not None), default=0) or 1
        laid["alarms"] = plots.lines(x, {"false_alarms": alarms}, high=1.05 * top)
    at = wording.lookup(metrics, "threshold.value")
    inside = at is not None and min(x) <= at <= max(x)
    laid["limit"] = laid["rates"]["at"](at) if inside else None
    return laid


def gallery_of(gallery: Mapping | None) -> dict | None:
    """Return the groups of pictures of the gallery, each row with its picture's uri."""
    if not gallery:
        return None
    groups = []
    for key, (name, text) in wording.MOMENTS.items():
        rows = [{**row, "uri": _uri(row["jpeg"])} for row in gallery["pictures"].get(key) or ()]
        groups.append({"key": key, "name": name, "text": text, "rows": rows})
    shade = [f"{100 * share:g} % quantile" for share in gallery.get("quantiles") or ()]
    return {
        **gallery,
        "groups": groups,
        "any": any(group["rows"] for group in groups),
        "shade_words": shade or ["lower end", "upper end"],
    }


def limits(
    curve: Mapping | None, metrics: Mapping, videos: Sequence[VideoView], shown: Sequence[VideoView]
) -> dict:
    """Return the thresholds that the page's slider can take, and what the hidden videos add.

    Returns:
        `limits`, ascending, every threshold of the curves, of the run and of the other rules; None
        (above every score) comes last. `hidden` {abnormal, normal, counts [(tp, fp)] of each limit,
        or None where every video is shown}, `merge_s` of alarms.
    """
    if curve is None:
        return {
            "limits": [],
            "hidden": {"abnormal": 0, "normal": 0, "counts": None},
            "merge_s": MERGE_S,
        }
    found = {threshold for _, _, threshold in curve["points"] if threshold is not None}
    found |= {float(v.threshold) for v in videos if v.threshold is not None}
    found |= {
        float(r["value"]) for r in metrics.get("thresholds") or () if r.get("value") is not None
    }
    chosen = [*sorted(found), None]
    drawn = {id(view) for view in shown}
    away = [v for v in videos if id(v) not in drawn and v.labels is not None]
    hidden: dict = {"abnormal": 0, "normal": 0, "counts": None}
    if away:
        scores = np.concatenate([v.scores for v in away]).astype(np.float64)
        labels = np.concatenate([v.labels for v in away]).astype(bool)
        above = [np.sort(scores[labels == kind]) for kind in (True, False)]
        edges = np.array(chosen[:-1])
        tp, fp = (len(s) - np.searchsorted(s, edges, side="left") for s in above)
        hidden["counts"] = [*zip(tp.tolist(), fp.tolist(), strict=True), (0, 0)]
        hidden["abnormal"], hidden["normal"] = (len(s) for s in above)
    return {"limits": chosen, "hidden": hidden, "merge_s": MERGE_S}


def island(views, low, high, digits, curve, history, limited, log=False) -> dict:
    """Return the data that the script works on, embedded as json.

    Pictures that stand in the page already are left out: the script finds them there.
    """
    return {
        "version": 2,
        "low": low,
        "high": high,
        "log": log,
        "digits": digits,
        "videos": [
            {
                "id": v.id,
                "fps": None if v.fps is None else float(v.fps),
                "assumed": v.fps_assumed,
                "threshold": None if v.threshold is None else float(v.threshold),
                "scores": plots.packed(v.scores),
                "truth": None if v.labels is None else runs(v.labels),
                "filled": runs(~np.asarray(v.predicted, bool)),
                "kinds": [[int(a), int(b), str(kind)] for a, b, kind in v.kinds],
                "pictures": [
                    [int(f), base64.b64encode(jpeg).decode("ascii")]
                    for f, jpeg in v.thumbnails
                    if f not in {frame for frame, _, _ in view["moments"]}
                ],
            }
            for view in views
            for v in [view["video"]]
        ],
        "roc": curve["points"] if curve else None,
        "pr": curve["pr"] if curve else None,
        **limited,
        "training": [
            [
                [r.get(k) for k in ("epoch", "train_loss", "select_loss")]
                for r in rows
                if r.get("train_loss") is not None
            ]
            for rows in history
            if plots.training(rows)
        ],
    }
