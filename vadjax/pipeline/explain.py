"""The stage `explain`: maps of where each test frame is abnormal, their quality, and pictures."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from vadjax.data.arrays.new_array import New, on_disk
from vadjax.data.arrays.row_view import blocks
from vadjax.detectors.window_model import WindowModel
from vadjax.explain.maps import to_frame
from vadjax.pipeline.anomaly_maps import AnomalyMaps
from vadjax.pipeline.gallery import write_gallery
from vadjax.pipeline.image_gallery import write_image_gallery
from vadjax.pipeline.map_quality import NUM_KEPT, MapQuality, choose, tested
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts
from vadjax.storage.files import write_json

PART = {"frame": "region", "image": "pixels"}  # of metrics.json, where maps meet masks
OWN = "maps that the detector gives with its scores"


def explain(run: Run) -> None:
    """Write explain/, and the parts `explain` and `region`, or `pixels`, of metrics.json."""
    metrics = run.metrics
    parts, reasons = dict.fromkeys(("explain", PART[run.unit])), {}
    if why := _without_maps(run):
        run.console.say(f"  no maps and no gallery: {why}")
        write_json(run.workdir / "metrics.json", amended(metrics, parts, dict.fromkeys(parts, why)))
        return
    artifacts.forget_maps(run.workdir)
    scored = artifacts.read_scores(run.workdir).test
    own = {v.id: v.maps for v in scored if v.maps is not None}
    if not run.config.explain.maps:
        reasons = dict.fromkeys(parts, "explain.maps is off")
    elif (isinstance(run.detector, WindowModel) and run.detector.maps) or (
        own and len(own) == len(scored)
    ):
        parts, reasons = _with_maps(run, own)
    elif own:
        why = f"detector {run.detector.name} gives maps of {len(own)} of {len(scored)} videos"
        reasons = dict.fromkeys(parts, why)
    else:
        reasons = dict.fromkeys(parts, f"detector {run.detector.name} gives no maps")
    write_json(run.workdir / "metrics.json", amended(metrics, parts, reasons))
    (write_image_gallery if run.unit == "image" else write_gallery)(run)


def _without_maps(run: Run) -> str:
    """Say why no frame of the run can have a map, "" where one can."""
    if not run.pictures:
        return "the data set holds features, no pictures"
    return f"{run.protocol.name} scores windows" if run.protocol.unit == "window" else ""


def _with_maps(run: Run, own: dict[str, np.ndarray]) -> tuple[dict, dict[str, str]]:
    """Write the maps and measure them; return parts of metrics.json, and reasons of nulls."""
    with on_disk(run.workdir / artifacts.EXPLAIN) as new:
        return _written_and_measured(run, own, new)


def _written_and_measured(
    run: Run, own: dict[str, np.ndarray], new: New
) -> tuple[dict, dict[str, str]]:
    few = choose(run, min(NUM_KEPT, run.config.explain.num_judged))
    maker, maps, what = None, own, OWN
    facts: dict[str, Any] = {"method": "detector", "tap": None}
    if not own:
        maker = AnomalyMaps(run, keep=few, new=new)
        maps, what = _made(run, maker), maker.what
        facts = {"method": maker.method, "tap": maker.tap}
    artifacts.write_maps(run.workdir, maps, {**facts, "what": what})
    explained, reasons = MapQuality(run, maker, maps, few)()
    videos = {name: run.videos[one.segment.video_id] for name, one in tested(run).items()}
    whole = {name: _AtFrames(run, videos[name], maps[name]) for name in maps}
    measured, why = _by_masks(run, videos, whole, what)
    return {"explain": explained, PART[run.unit]: measured}, {**reasons, **why}


def _by_masks(
    run: Run, videos: dict, maps: dict[str, "_AtFrames"], what: str
) -> tuple[dict | None, dict[str, str]]:
    """Compare maps with masks; return the part of metrics.json, and reasons."""
    masks = {name: video.masks for name, video in videos.items()}
    if run.unit == "image":
        from vadjax.evaluation.pixel_parts import pixels_part

        scored = [one.scored for one in tested(run).values()]
        draws = {"resamples": run.config.evaluate.num_bootstrap, "seed": run.config.seed}
        return pixels_part(scored, maps, masks, what=what, **draws)
    from vadjax.evaluation.region import region_metrics

    return region_metrics(maps, masks, tracks=_tracks(videos), what=what)


def _made(run: Run, maker: AnomalyMaps) -> dict[str, np.ndarray]:
    """Return test video -> float32 [t, h, w], in units of the score, sorted by name."""
    done, maps = 0, {}
    total = sum(len(run.videos[one.segment.video_id].frames) for one in tested(run).values())
    with run.console.bar("maps", total=total, unit=f"{run.unit}s") as advance:
        for name, values in maker():
            maps[name] = values
            done += len(values)
            advance(done)
    return {name: maps[name] for name in sorted(maps)}  # they come as threads finish them


def _tracks(videos: dict) -> dict | None:
    """Return test video -> its true tracks where the data set comes with them, else None."""
    from vadjax.evaluation.tracks import native

    if not all("tracks" in video.metadata for video in videos.values()):
        return None
    return {name: native(v.metadata["tracks"], len(v.frames)) for name, v in videos.items()}


class _AtFrames:
    """A video's maps at the size of its frames, made one at a time whenever they are read."""

    def __init__(self, run: Run, video, maps: np.ndarray):
        self._preprocess, self._size, self._maps = run.preprocess, video.frames.shape, maps

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in blocks(self._maps):
            for values in block:
                yield to_frame(values[None], self._preprocess, self._size)[0]


def amended(metrics: dict, parts: dict, reasons: dict[str, str]) -> dict:
    """Put parts into metrics, in the place of those of an earlier time.

    Args:
        metrics: of metrics.json.
        parts: by key, dicts or None.
        reasons: dotted path -> why it is null.

    Returns:
        The new metrics.

    Raises:
        UserError: the result is not as the schema has it.
    """
    from vadjax.evaluation import schema

    metrics = {**metrics, **parts}
    null = schema.null_paths(parts)
    kept = {p: why for p, why in metrics["reasons"].items() if p.split(".")[0] not in parts}
    metrics["reasons"] = {**kept, **{p: why for p, why in reasons.items() if p in null}}
    return schema.validate(metrics)
