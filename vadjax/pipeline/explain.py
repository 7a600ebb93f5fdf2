"""The stage `explain`: maps of where each test frame is abnormal, their worth, and pictures."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from vadjax.explain.maps import to_frame
from vadjax.pipeline.anomaly_maps import Mapper
from vadjax.pipeline.artifacts import EXPLAIN
from vadjax.pipeline.gallery import write_gallery
from vadjax.pipeline.run import Run
from vadjax.storage.files import atomic_write, write_json


def explain(run: Run) -> None:
    """Detectors + test frames -> explain/, and the parts `explain` and `region` of metrics.json."""
    metrics = run.read("metrics.json")
    if run.config.explain.maps:
        parts, reasons = mapped(run)
    else:
        forget(run)
        parts = dict.fromkeys(("explain", "region"))
        reasons = dict.fromkeys(parts, "explain.maps is off")
    metrics = amended(metrics, parts, reasons)
    write_json(run.workdir / "metrics.json", metrics)
    write_gallery(run)


def mapped(run: Run) -> tuple[dict, dict[str, str]]:
    """Make the maps, write and judge them; return parts of metrics.json, and reasons of nulls."""
    from vadjax.evaluation.region import region_metrics
    from vadjax.pipeline.map_quality import NUM_KEPT, Judging, choose, parts_of

    few = choose(run, min(NUM_KEPT, run.config.explain.num_judged))
    mapper = Mapper(run, keep=few)
    forget(run)
    maps = write_maps(run, mapper)
    explain, reasons = Judging(run, mapper, maps, few)()
    videos = {name: run.videos[part.video_id] for name, (_, part) in parts_of(run).items()}
    region, why = region_metrics(
        {name: _at_frames(run, videos[name], maps[name]) for name in maps},
        {name: video.masks for name, video in videos.items()},
        tracks=_tracks(videos),
        what=mapper.what,
    )
    return {"explain": explain, "region": region}, {**reasons, **why}


def _tracks(videos: dict) -> dict | None:
    """Return test video -> its true tracks where the data set comes with them, else None."""
    from vadjax.evaluation.tracks import native

    if not all("tracks" in video.metadata for video in videos.values()):
        return None
    return {name: native(v.metadata["tracks"], len(v.frames)) for name, v in videos.items()}


def forget(run: Run) -> None:
    """Remove the maps of an earlier time, so that none are taken for those of this detector."""
    for name in ("maps.json", "maps.npz"):
        (run.workdir / EXPLAIN / name).unlink(missing_ok=True)


def _at_frames(run: Run, video, maps: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a video's maps at the size of its frames."""
    for values in maps:
        yield to_frame(values[None], run.backbone.preprocess, video.frames.shape)[0]


def amended(metrics: dict, parts: dict, reasons: dict[str, str]) -> dict:
    """Put parts into metrics, in the place of those of an earlier time.

    Raises:
        UserError: the result is not as the schema has it.
    """
    from vadjax.evaluation import schema

    metrics = {**metrics, **parts}
    null = schema.null_paths(parts)
    kept = {p: why for p, why in metrics["reasons"].items() if p.split(".")[0] not in parts}
    metrics["reasons"] = {**kept, **{p: why for p, why in reasons.items() if p in null}}
    return schema.validate(metrics)


def write_maps(run: Run, mapper: Mapper) -> dict[str, np.ndarray]:
    """Write `maps.npz` and, last, `maps.json`: {method, tap, grid, unit, what, empty}.

    Returns:
        Test video -> float32 [t, h, w], in units of the score.
    """
    folder, done = run.workdir / EXPLAIN, 0
    maps: dict[str, np.ndarray] = {}
    total = sum(len(run.videos[part.video_id].frames) for fold in run.folds for part in fold.test)
    with run.console.bar("maps", total=total, unit="frames") as advance:
        for name, found in mapper():
            maps[name] = found
            done += len(found)
            advance(done)
    maps = {name: maps[name] for name in sorted(maps)}  # they come as threads finish them
    # One constant for the whole run keeps half precision from overflowing, and changes no order.
    unit = max(float(m.max()) for m in maps.values()) or 1.0
    with atomic_write(folder / "maps.npz") as beside, beside.open("wb") as file:
        halves: dict[str, Any] = {name: (m / unit).astype(np.float16) for name, m in maps.items()}
        np.savez(file, **halves)
    facts = {
        "method": mapper.method,
        "tap": mapper.tap,
        "grid": list(next(iter(maps.values())).shape[1:]),
        "unit": unit,
        "what": mapper.what,
        "empty": sum(int((m.max((1, 2)) <= 0).sum()) for m in maps.values()),
    }
    write_json(folder / "maps.json", facts)
    return maps
