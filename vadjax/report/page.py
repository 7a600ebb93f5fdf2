"""report.html: one self-contained file that works offline, on paper and without scripts."""

import base64
import hashlib
import os
import pathlib
from collections.abc import Mapping, Sequence

import jinja2
import numpy as np
from markupsafe import Markup
from ml_collections import ConfigDict

from vadjax.data.frames.look import CUES
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.normal_scene import NormalScene
from vadjax.evaluation.image_metrics import ORACLE
from vadjax.report import charts, images, levels, plots, sections, texts, timelines, wording
from vadjax.report.alarm_list import ranked
from vadjax.report.left_out import LeftOut
from vadjax.report.picture_budget import within_budget
from vadjax.storage.files import atomic_write

TEMPLATE = pathlib.Path(__file__).parent / "template"
SCRIPTS = (
    "data.js",
    "cursor.js",
    "timeline.js",
    "film.js",
    "curve.js",
    "counts.js",
    "threshold.js",
    "table.js",
    "main.js",
)


def write_report(
    path: os.PathLike | str,
    *,
    metrics: Mapping,
    videos: Sequence[ScoredVideo],
    thumbnails: Mapping[str, timelines.Pictures] | None = None,
    history: Sequence[Sequence[Mapping]] = (),
    config: Mapping | None = None,
    environment: Mapping | None = None,
    log: str | None = None,
    gallery: Mapping | None = None,
    normal: NormalScene | None = None,
    copies: Sequence[Mapping] = (),
    unfinished: bool = False,
) -> pathlib.Path:
    """Write the page of a run, or of unlabelled videos.

    The page asks for nothing outside itself, and its Content-Security-Policy forbids it to: only
    the one script written here may run, so a video's name cannot smuggle in another. The one
    exception are annotated films beside the page, fetched when a person plays them.

    Args:
        path: where to write; an older file is replaced in one step.
        metrics: the dict of metrics.json. Any part may be absent or null; `metrics["reasons"]` maps
            its dotted name to why. Without `frame.auc_micro` and labels the page is about alarms.
        videos: with thresholds and alarms, in the order of the page.
        thumbnails: video -> (frame, small jpeg) in any order.
        history: rows of log.jsonl per fold (epoch, train_loss, select_loss, ...).
        config: the run's config, printed in full.
        environment: environment.json; `command`, if there, is offered to copy.
        log: text of the run's log, folded away.
        gallery: what `vadjax.pipeline.gallery.read_gallery` returns; its `films` {video: path
            relative to the page} are offered under the timelines.
        normal: what is normal before the camera, where the detector knows.
        copies: of the leakage audit, with two `jpegs` each.
        unfinished: pictures and films are still being made: the page says so, and loads itself
            again until the finished one lies in its place.

    Returns:
        The path written.

    Raises:
        UserError: it cannot be written there.
    """
    path = pathlib.Path(path)
    plain = config.to_dict() if isinstance(config, ConfigDict) else config or {}
    page = render(
        metrics=metrics,
        videos=videos,
        thumbnails=thumbnails or {},
        history=history,
        config=plain,
        environment=environment or {},
        log=log,
        gallery=gallery,
        normal=normal,
        copies=copies,
        unfinished=unfinished,
    )
    with atomic_write(path) as beside:
        beside.write_text(page, encoding="utf-8")
    return path


def render(
    *,
    metrics,
    videos,
    thumbnails,
    history,
    config,
    environment,
    log,
    gallery,
    normal,
    copies,
    unfinished=False,
) -> str:
    """Return the page's HTML.

    Args:
        metrics: as for `write_report`, like the others.
        videos: with thresholds and alarms.
        thumbnails: video -> (frame, small jpeg).
        history: rows of log.jsonl per fold.
        config: nested, plain.
        environment: environment.json.
        log: text of the run's log, or None.
        gallery: gallery.json with its pictures, or None.
        normal: what is normal before the camera, or None.
        copies: of the leakage audit, with two `jpegs` each.
        unfinished: whether pictures and films are still being made.

    Returns:
        The text of the page.
    """
    loader = jinja2.FileSystemLoader(TEMPLATE)
    jinja = jinja2.Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in ("number", "percent", "clock", "duration", "plural"):
        jinja.filters[name] = getattr(wording, name)
    script = "\n".join((TEMPLATE / name).read_text("utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    sealed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    labelled = any(v.labels is not None for v in videos)
    scale = plots.scale_of(videos)
    curve = sections.roc_of(videos)
    unit = metrics.get("unit") or "frame"  # windows drawn at random have no time line
    of_images = images.tables(metrics, videos)
    shown = timelines.select(videos) if unit == "frame" else ()
    limits = sections.limits(curve, metrics, videos, shown)
    given = sum(len(thumbnails.get(video.id, ())) for video in shown)
    thumbnails = within_budget(shown, thumbnails)
    embedded = sum(map(len, thumbnails.values()))
    films, moments = ((gallery or {}).get(key) or {} for key in ("films", "moments"))
    views = [
        timelines.timeline_of(
            video,
            pictures=thumbnails.get(video.id, ()),
            film=films.get(video.id),
            moments=moments.get(video.id),
            scale=scale,
            labelled=labelled,
        )
        for video in shown
    ]

    def why(key: str) -> str:
        return wording.reason(metrics, key)

    alarms = ranked(shown, thumbnails) | {"total": sum(len(v.alarms) for v in videos)}
    return jinja.get_template("page.html").render(
        get=lambda key: wording.lookup(metrics, key),
        why=why,
        left_out=LeftOut(why),
        title=_title(metrics, config, len(videos)),
        protocol=wording.protocol(metrics),
        scope=wording.scope(metrics, len(videos)),
        labelled=labelled,
        videos=videos,
        views=views,
        positions={video.id: n for n, video in enumerate(shown)},
        pictures=(embedded, given),
        num_hidden=len(videos) - len(shown) if unit == "frame" else 0,
        unit=unit,
        clip="image" if of_images else "clip",
        images=of_images,
        image_metrics=images.listed_metrics(),
        headline=wording.headline(metrics),
        ORACLE_IMAGE=ORACLE,
        alarms=alarms,
        tried=bool(views) and not labelled and not of_images and len(limits["limits"]) > 1,
        located=labelled and any(metrics.get(k) for k in ("region", "explain", "pixels")),
        shown_alarms=sum(len(video.alarms) for video in shown),
        called_share=sections.called_share(shown),
        footage=_footage(videos),
        threshold=sections.common(v.threshold for v in videos),
        digits=scale.digits,
        low=float(np.exp(scale.low)) if scale.log else scale.low,
        high=float(np.exp(scale.high)) if scale.log else scale.high,
        steep=scale.log,
        comparison=sections.comparison(metrics),
        rivals=wording.rivals(metrics),
        level=levels.better(metrics, config),
        treatment=wording.treatment(metrics),
        remark=(metrics.get("remarks") or {}).get,
        rule=wording.rule(metrics, config),
        threshold_values=[
            v for v in wording.lookup(metrics, "threshold.values") or () if v is not None
        ],
        warnings=[wording.in_unit(text, metrics) for text in metrics.get("warnings") or ()],
        kinds=metrics.get("kinds") or (),
        levels_of_classes=wording.lookup(metrics, "recognition.levels") or (),
        LEVELS=texts.LEVELS,
        roc=curve,
        folds=[fold for rows in history if (fold := charts.training(rows))],
        LEAKAGE=texts.LEAKAGE_OF_IMAGES if of_images else texts.LEAKAGE,
        CELLS=texts.CELLS,
        LOOKS=CUES,
        BIAS={key: wording.in_unit(text, metrics) for key, text in texts.BIAS.items()},
        detector=sections.flat(metrics.get("detector") or {}),
        config=sections.config_sections(config),
        environment=sections.flat({k: v for k, v in environment.items() if k != "command"}),
        command=environment.get("command"),
        timing=sections.timing(metrics.get("timing")),
        log=log,
        data=timelines.script_data(
            views,
            scale=scale,
            curve=curve,
            history=history,
            limits=limits,
            threshold=sections.common(v.threshold for v in videos),
        ),
        limits=limits,
        rules=sections.rules(metrics),
        sweep=sections.sweep(metrics),
        gallery=images.gallery_of(gallery) if of_images else sections.gallery_of(gallery),
        normal=sections.normal_of(normal),
        copies=[{**row, "uris": list(map(timelines.data_uri, row["jpegs"]))} for row in copies],
        filmed=any(view["film"] for view in views),
        unfinished=unfinished,
        ORACLE=texts.ORACLE,
        REGION=texts.REGION,
        EXPLAIN=texts.EXPLAIN,
        style=Markup((TEMPLATE / "style.css").read_text("utf-8")),
        script=Markup(script),
        sealed=sealed,
    )


def _footage(videos: Sequence[ScoredVideo]) -> float | None:
    """Return the seconds of all videos; None where the times of one are unknown."""
    lengths = [v.duration_s for v in videos]
    return None if None in lengths else sum(length for length in lengths if length is not None)


def _title(metrics: Mapping, config: Mapping, num_videos: int) -> tuple[str, str]:
    """Return the heading (one's own, if config.report.title is set) and what stands below it."""
    scores = wording.in_unit(f"Scores of {wording.plural(num_videos, 'video')}", metrics)
    name = wording.dataset(metrics) or scores
    own = wording.lookup(config, "report.title")
    below = [name if own else "", wording.detector(metrics)]
    return str(own or name), " · ".join(words for words in below if words)
