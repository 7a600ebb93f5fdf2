"""Localisation: anomaly maps against masks of abnormal pixels."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from vadjax.errors import UserError
from vadjax.evaluation import frame, levels, pixel, rbdc, regions
from vadjax.evaluation.tracks import Truth, derive

AREA_SHARE = 1000  # a detection has at least this part of the frame's area
NO_MASKS = "no test video has masks"
NO_ABNORMAL = "no mask holds an abnormal pixel"
NO_NORMAL = "every mask holds an abnormal pixel"
RULE = (
    "boxes of the connected parts (8 neighbours) of at least {least} of each map, cut at "
    "{thresholds}; running maximum of the rates over all thresholds; IoU of boxes"
)


def region_metrics(
    maps: Mapping[str, Iterable[np.ndarray]],
    masks: Mapping[str, Iterable[np.ndarray] | None],
    *,
    tracks: Mapping[str, Truth] | None = None,
    what: str = "",
    alpha: float = rbdc.ALPHA,
    beta: float = rbdc.BETA,
    num_levels: int = levels.NUM_LEVELS,
    min_area: int | None = None,
) -> tuple[dict | None, dict[str, str]]:
    """Compute pixel-level AUC and EER, RBDC and TBDC.

    A frame is abnormal here if its mask holds a pixel. Videos without masks are left out.

    Args:
        maps: video -> float32 [h, w] for each frame, as large as the frame; higher is more
            abnormal, comparable across frames and videos. Read three times; iterators are read
            into memory first.
        masks: video -> [h, w] for each frame, above 0 where abnormal; None or absent: no masks.
            Read twice.
        tracks: video -> its true regions, where the data set comes with tracks
            (`tracks.native`); None derives them from the masks.
        what: the maps, in words.
        alpha: share of a track's regions that makes it detected.
        beta: IoU that makes a region detected.
        num_levels: thresholds at which the maps are cut: see `vadjax.evaluation.levels`.
        min_area: of a detection in pixels; None is a thousandth of the frame.

    Returns:
        The part `region` of metrics.json, and the reason for each null in it.

    Raises:
        UserError: a map is not finite or not of its mask's size, there are not as many maps as
            masks, or a video with masks has no maps or no tracks.
    """
    known = {video: given for video, given in masks.items() if given is not None}
    videos = [video for video in maps if video in known]
    for kind, given in (("maps", maps), ("tracks", masks if tracks is None else tracks)):
        absent = [video for video in known if video not in given]
        if absent:
            raise UserError(f"no {kind} for {len(absent)} video(s) with masks, first {absent[0]}.")
    if not videos:
        return None, {"region": NO_MASKS}
    pairs = {video: pairs_of(video, maps[video], known[video]) for video in videos}
    least_of = functools.partial(_least, min_area=min_area)
    thresholds, every = _thresholds(pairs, least_of, beta=beta, alpha=alpha, num=num_levels)
    sweep, rows = rbdc.Sweep(beta), []
    for video in videos:
        cuts, boxes = [], []
        for heat, mask in pairs[video]():
            cuts.append(regions.cut(heat, thresholds, min_area=least_of(mask)))
            boxes.append(regions.boxes_of(mask))
            rows.append((pixel.pixel_score(heat, mask), heat.max(), len(boxes[-1]) > 0))
        truth = derive(boxes) if tracks is None else tracks[video].within(boxes)
        sweep.add(cuts, truth)
    scores, largest, labels = map(np.array, zip(*rows, strict=True))
    part = {
        "map": what,
        "videos": len(videos),
        "frames": len(labels),
        "coverage": None if len(videos) == len(maps) else f"{len(videos)} of {len(maps)} videos",
        "pixel_auc": frame.auc(scores, labels),
        "pixel_eer": None,
        "pixel_auc_full_frame": frame.auc(largest, labels),
        **dict.fromkeys(("rbdc", "tbdc")),
        "tracks": "derived" if tracks is None else "native",
        "alpha": alpha,
        "beta": beta,
        "regions": sweep.regions,
        "num_tracks": sweep.tracks,
        "region_rule": RULE.format(
            least="a thousandth" if min_area is None else f"{min_area} pixels",
            thresholds=f"{'all ' if every else ''}{len(thresholds)} thresholds",
        ),
    }
    if part["pixel_auc"] is not None:
        part["pixel_eer"] = frame.equal_error_rate(*frame.roc_curve(scores, labels))
    if sweep.regions:
        _, fpr, rbdr, tbdr = sweep.curves(alpha)
        part["rbdc"], part["tbdc"] = rbdc.area(fpr, rbdr), rbdc.area(fpr, tbdr)
    why = NO_NORMAL if labels.any() else NO_ABNORMAL
    return part, {
        f"region.{key}": why for key, value in part.items() if value is None and key != "coverage"
    }


def _least(mask: np.ndarray, min_area: int | None) -> int:
    """Return the least area of a detection, in pixels."""
    return max(1, mask.size // AREA_SHARE) if min_area is None else min_area


def _thresholds(
    pairs: Mapping[str, Callable[[], Iterator]],
    least_of: Callable[[np.ndarray], int],
    *,
    beta: float,
    alpha: float,
    num: int,
) -> tuple[np.ndarray, bool]:
    """Return the thresholds, falling, and whether they are all values of the maps."""
    samples = (regions.sample(heat) for each in pairs.values() for heat, _ in each())
    values = levels.few_values(samples)
    if values is not None:
        return values, True
    sweep = rbdc.Sweep(beta)
    step = max(1, sum(1 for each in pairs.values() for _ in each()) // levels.NUM_FRAMES)
    for each in pairs.values():
        cuts, boxes = [], []
        for heat, mask in itertools.islice(each(), 0, None, step):
            least = least_of(mask)
            sampled = regions.sample(heat)
            area = round(least * sampled.size / heat.size)
            own = levels.own_levels(sampled, max(1, area))
            cuts.append(regions.cut(heat, own, min_area=least))
            boxes.append(regions.boxes_of(mask))
        sweep.add(cuts, derive(boxes))
    curve, fpr, *rates = sweep.curves(alpha)
    return levels.spread(curve, fpr, rates, num), False


def pairs_of(
    video: str, maps: Iterable[np.ndarray], masks: Iterable[np.ndarray]
) -> Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]:
    """Return what gives each frame's map and mask, checked, from the beginning at every call.

    Args:
        video: its id, for messages.
        maps: float32 [h, w] for each frame; iterators are read into memory first.
        masks: [h, w] for each frame, above 0 where abnormal.

    Returns:
        A function without arguments -> an iterator of (map, mask). It raises UserError where a map
        is not finite or not of its mask's size, or there are not as many maps as masks.
    """
    again = [list(x) if iter(x) is x else x for x in (maps, masks)]
    return lambda: _pairs(video, *again)


def _pairs(
    video: str, maps: Iterable[np.ndarray], masks: Iterable[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each frame's map and mask, checked."""
    missing = object()
    for index, (heat, mask) in enumerate(itertools.zip_longest(maps, masks, fillvalue=missing)):
        if heat is missing or mask is missing:
            which = ("maps", "masks") if heat is missing else ("masks", "maps")
            raise UserError(f"{video}: {which[0]} end after {index} frames, {which[1]} go on.")
        heat, mask = np.asarray(heat, np.float32), np.asarray(mask)
        if heat.shape != mask.shape or heat.ndim != 2:
            raise UserError(
                f"{video}, frame {index}: the mask is {_size(mask)} pixels and the frame "
                f"{_size(heat)}. Masks have to be as large as the frames: are they of the same "
                "version of the data set? Give the right ones (dataset.masks_dir)."
            )
        if not np.isfinite(heat).all():
            raise UserError(
                f"{video}, frame {index}: the anomaly map holds NaN or inf; a detector whose "
                "training diverged gives such maps."
            )
        yield heat, mask


def _size(image: np.ndarray) -> str:
    return " x ".join(map(str, image.shape[::-1]))
