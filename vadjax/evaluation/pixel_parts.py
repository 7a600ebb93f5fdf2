"""The part `pixels` of metrics.json: anomaly maps of images against masks of their defects."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import image_metrics
from vadjax.evaluation.category_means import means, values
from vadjax.evaluation.image_parts import by_category, defects_of, flat_of
from vadjax.evaluation.parts import Videos
from vadjax.evaluation.pixel_table import NUM_LEVELS, PixelTable, count_pixels
from vadjax.evaluation.region import pairs_of

NO_MASKS = "no test image has a mask"
NO_REGION = "no defective image with a mask, or no good pixel"


def pixels_part(
    videos: Videos,
    maps: Mapping[str, Iterable[np.ndarray]],
    masks: Mapping[str, Iterable[np.ndarray] | None],
    *,
    what: str = "",
    num_levels: int = NUM_LEVELS,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[dict | None, dict[str, str]]:
    """Compute pixel AUROC and AUPRO.

    Args:
        videos: the tested images, scored.
        maps: image -> its map, one float32 [h, w] as large as the image; higher is more abnormal,
            comparable across the images of a category. Read several times.
        masks: image -> one [h, w], above 0 where abnormal; None: its defect has no mask, and the
            image counts in no figure. Read several times.
        what: the maps, in words.
        num_levels: see `pixel_table.count_pixels`.
        resamples: of the bootstrap over the images of each category.
        seed: of its draws.

    Returns:
        The part `pixels`, and reasons.

    Raises:
        UserError: a map is not finite, or not of its mask's size.
    """
    given = {name: own for name, own in masks.items() if own is not None}
    known = [video for video in videos if video.labels is not None and video.id in given]
    groups = by_category(known)
    if not any(image.truth.any() for image in known):
        return None, {"pixels": NO_MASKS}
    tables = {c: _table(images, maps, given, num_levels) for c, images in groups.items()}
    rows: list[dict[str, Any]] = []
    defects: list[dict[str, Any]] = []
    controls = []
    for category, images in groups.items():
        table, (scores, labels) = tables[category], flat_of(images)
        controls.append(values(image_metrics.PIXELS, table.without_location(scores).curves()))
        rows.append({"category": category, "images": len(images), **_row(table)})
        for defect, chosen in defects_of(images).items():
            own = table.of(chosen | (labels == 0))
            facts = {"category": category, "defect": defect, "images": int(chosen.sum())}
            defects.append({**facts, **_row(own)})
    part, reasons = means(
        "pixels",
        image_metrics.PIXELS,
        rows,
        labels={category: flat_of(images)[1] for category, images in groups.items()},
        draws={category: table.curves for category, table in tables.items()},
        resamples=resamples,
        seed=seed,
    )
    bounds = [table.bounds() for table in tables.values()]
    facts = {
        "map": what,
        "images": len(known),
        "coverage": None if len(known) == len(videos) else f"{len(known)} of {len(videos)} images",
        "regions": int(sum(table.regions.sum() for table in tables.values())),
        "limit": image_metrics.LIMIT,
        "levels": max(table.normal.shape[1] for table in tables.values()),
        "bounds": {m.key: float(np.mean([b[m.key] for b in bounds])) for m in image_metrics.PIXELS},
        "control": {m.key: _mean([c[m.key] for c in controls]) for m in image_metrics.PIXELS},
    }
    for metric in image_metrics.PIXELS:
        for where in ("control.", "categories[].", "defects[]."):
            reasons[f"pixels.{where}{metric.key}"] = NO_REGION
    return {**facts, **part, "categories": rows, "defects": defects}, reasons


def _row(table: PixelTable) -> dict:
    return {"regions": int(table.regions.sum()), **values(image_metrics.PIXELS, table.curves())}


def _mean(found: list[float | None]) -> float | None:
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None


def _table(
    images: list[ScoredVideo],
    maps: Mapping[str, Iterable[np.ndarray]],
    masks: Mapping[str, Iterable[np.ndarray]],
    num_levels: int,
) -> PixelTable:
    checked = [pairs_of(image.id, maps[image.id], masks[image.id]) for image in images]

    def pairs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return itertools.chain.from_iterable(each() for each in checked)

    return count_pixels(pairs, len(images), num_levels=num_levels)
