"""What the page of a data set of images needs: tables by category and defect, and the gallery."""

import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.image_metrics import METRICS, ORACLE, Metric
from vadjax.report import wording
from vadjax.report.alarm_files import number_text
from vadjax.report.timelines import data_uri
from vadjax.storage.csv_tables import write_csv

SCORE_COLUMNS = ("image", "category", "defect", "label", "score", "threshold", "called")


def listed_metrics() -> list[tuple[str, Metric]]:
    """Return every metric of images and pixels with the part of metrics.json that holds it."""
    return [(part, metric) for part, metrics in METRICS.items() for metric in metrics]


def tables(metrics: Mapping, videos: Sequence[ScoredVideo]) -> dict | None:
    """Lay out figures by category and by defect, and all images; None where a page is of video.

    Args:
        metrics: the dict of metrics.json.
        videos: the images, with thresholds.

    Returns:
        `several` categories, `categories` and `defects` with keys as "pixels.aupro", and `rows`.
    """
    image = metrics.get("image") or {"categories": (), "defects": ()}
    if metrics.get("unit") != "image":
        return None
    pixels = metrics.get("pixels") or {}
    of_category = {row["category"]: row for row in pixels.get("categories") or ()}
    of_defect = {(row["category"], row["defect"]): row for row in pixels.get("defects") or ()}
    categories = [
        {
            **row,
            **_named("image", row),
            **_named("pixels", of_category.get(row["category"], {})),
        }
        for row in image["categories"]
    ]
    defects = []
    for row in image["defects"]:
        own = of_defect.get((row["category"], row["defect"]), {})
        defects.append({**row, **_named("pixels", own), "regions": own.get("regions")})
    return {
        "several": len(categories) > 1,
        "categories": categories,
        "defects": defects,
        "rows": [_image(video) for video in videos],
    }


def summary_rows(metrics: Mapping) -> list[tuple[str, str, str]]:
    """Return (name, path, note) of the figures below the headline, for the table of a run's end."""
    rows = []
    for part, metric in listed_metrics():
        path = f"{part}.{metric.key}"
        if path == wording.headline(metrics).path:
            continue
        ends = wording.lookup(metrics, f"{part}.intervals.{metric.key}")
        notes = [f"oracle: {ORACLE}"] if metric.oracle else []
        notes += [f"95 % interval {ends[0]:.3f} to {ends[1]:.3f}"] if ends else []
        rows.append((metric.name, path, "; ".join(notes)))
    return rows


def write_scores(path: os.PathLike | str, videos: Sequence[ScoredVideo]) -> None:
    """Write one row an image.

    `score` has the digits that give the same float32 back; `called` is 1 where it reaches the
    threshold.

    Args:
        path: an older file is replaced.
        videos: the images, with thresholds.

    Raises:
        UserError: it cannot be written there.
    """

    def rows() -> Iterator[tuple]:
        yield SCORE_COLUMNS
        for video in videos:
            score, limit = video.scores[0], video.threshold
            label = None if video.labels is None else int(video.labels[0])
            called = None if limit is None else int(score >= limit)
            at = None if limit is None else np.float64(limit)
            yield video.id, video.scene, defect_of(video) or None, label, score, at, called

    write_csv(path, rows(), number=number_text)


def _named(part: str, row: Mapping) -> dict:
    """Return the metrics of a row under "part.key", None where they are not there."""
    return {f"{part}.{metric.key}": row.get(metric.key) for metric in METRICS[part]}


def _image(video: ScoredVideo) -> dict:
    called = ""
    if video.threshold is not None:
        called = "called defective" if video.scores[0] >= video.threshold else "called good"
    return {
        "id": video.id,
        "defect": defect_of(video),
        "score": float(video.scores[0]),
        "called": called,
    }


def defect_of(video: ScoredVideo) -> str:
    """Return the kinds of defect of an image, "good" where it has none, "" where nobody knows."""
    if video.labels is None:
        return ""
    kinds = [kind for kind, there in video.kinds.items() if np.any(there)]
    return ", ".join(kinds) or ("defective" if video.truth[0] else "good")


def gallery_of(gallery: Mapping | None) -> dict | None:
    """Return the groups of pictures of an image gallery, each row with its picture's uri.

    Args:
        gallery: what `artifacts.read_gallery` returns.
    """
    if not gallery or "groups" not in gallery:
        return None
    several = len({group["category"] for group in gallery["groups"]}) > 1
    groups = []
    for group in gallery["groups"]:
        rows = [{**row, "uri": data_uri(row["jpeg"])} for row in gallery["pictures"][group["key"]]]
        name = group.get("title") or group["defect"] or "Good images"
        groups.append(
            {
                "name": f"{group['category']}: {name}" if several else name,
                "text": _shown(group, len(rows)),
                "rows": rows,
            }
        )
    return {
        **gallery,
        "groups": groups,
        "any": any(group["rows"] for group in groups),
        "shade_words": [f"{100 * share:g} % quantile" for share in gallery["quantiles"]],
    }


def _shown(group: Mapping, count: int) -> str:
    """Say which images of a group are shown."""
    if group.get("title"):
        return f"of {wording.plural(group['count'], 'image')}"
    if not group["defect"]:
        return f"the highest scores of {wording.plural(group['count'], 'good image')}"
    if count == group["count"]:
        return f"all {count}, the highest score first"
    return f"{count} of {group['count']}, evenly spaced by score, the highest first"
