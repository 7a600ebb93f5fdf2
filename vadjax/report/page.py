"""report.html: one file with everything in it, good offline, on paper and without scripts."""

import base64
import hashlib
import os
import pathlib
from collections.abc import Mapping, Sequence

import jinja2
import numpy as np
from markupsafe import Markup
from ml_collections import ConfigDict

from vadjax.report import plots, sections, wording
from vadjax.report.view import VideoView
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
    videos: Sequence[VideoView],
    history: Sequence[Sequence[Mapping]] = (),
    config: Mapping | None = None,
    environment: Mapping | None = None,
    log: str | None = None,
    gallery: Mapping | None = None,
) -> pathlib.Path:
    """Write the page of a run, or of unlabelled videos.

    The page asks for nothing outside itself, and its Content-Security-Policy forbids it to: only
    the one script written here may run, so a video's name cannot smuggle in another. The one
    exception are annotated films beside the page, fetched when a person plays them.

    Args:
        path: where to write; an older file is replaced in one step.
        metrics: the dict of metrics.json. Any part may be absent or null; `metrics["reasons"]` maps
            its dotted name to why. Without `frame.auc_micro` and labels the page is about alarms.
        videos: scored videos, in the order of the page.
        history: rows of log.jsonl per fold (epoch, train_loss, select_loss, ...).
        config: the run's config, printed in full.
        environment: environment.json; `command`, if there, is offered to copy.
        log: text of the run's log, folded away.
        gallery: what `vadjax.pipeline.gallery.read_gallery` returns.

    Returns:
        The path written.

    Raises:
        UserError: it cannot be written there.
    """
    path = pathlib.Path(path)
    plain = config.to_dict() if isinstance(config, ConfigDict) else config or {}
    page = render(metrics, videos, history, plain, environment or {}, log, gallery)
    with atomic_write(path) as beside:
        beside.write_text(page, encoding="utf-8")
    return path


def render(metrics, videos, history, config, environment, log, gallery=None) -> str:
    """Return the page's html; the arguments are those of `write_report`."""
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
    low, high = plots.scale(videos)
    digits = int(np.clip(3 - np.floor(np.log10(high - low)), 1, 8))
    if steep := plots.skewed(videos):
        low, high = plots.scale(videos, log=True)
    curve = sections.roc_of(videos)
    unit = metrics.get("unit") or "frame"  # windows drawn at random have no time line
    shown = sections.worth_showing(videos) if unit == "frame" else ()
    limited = sections.limits(curve, metrics, videos, shown)
    views = [sections.view_of(v, low, high, digits, labelled, steep) for v in shown]
    return jinja.get_template("page.html").render(
        get=lambda key: wording.lookup(metrics, key),
        why=lambda key: wording.reason(metrics, key),
        title=_title(metrics, config, len(videos)),
        protocol=wording.protocol(metrics),
        scope=wording.scope(metrics, len(videos)),
        labelled=labelled,
        videos=videos,
        views=views,
        places={view.id: n for n, view in enumerate(shown)},
        num_hidden=len(videos) - len(shown) if unit == "frame" else 0,
        unit=unit,
        alarms=[(n, v, sections.alarms_of(v)) for n, v in enumerate(shown)],
        footage=sum(len(v.scores) / v.fps for v in videos) if all(v.fps for v in videos) else None,
        threshold=sections.common(v.threshold for v in videos),
        digits=digits,
        low=float(np.exp(low)) if steep else low,
        high=float(np.exp(high)) if steep else high,
        steep=steep,
        comparison=sections.comparison(metrics),
        rivals=wording.rivals(metrics),
        treatment=wording.smoothing(metrics),
        remark=(metrics.get("remarks") or {}).get,
        rule=wording.rule(metrics, config),
        threshold_values=[
            v for v in wording.lookup(metrics, "threshold.values") or () if v is not None
        ],
        stamps=metrics.get("stamps") or (),
        kinds=metrics.get("kinds") or (),
        roc=curve,
        folds=[fold for rows in history if (fold := plots.training(rows))],
        LEAKAGE=wording.LEAKAGE,
        CELLS=wording.CELLS,
        detector=sections.flat(metrics.get("detector") or {}),
        config=sections.config_sections(config),
        environment=sections.flat({k: v for k, v in environment.items() if k != "command"}),
        command=environment.get("command"),
        timing=sections.timing(metrics.get("timing")),
        log=log,
        data=sections.island(views, low, high, digits, curve, history, limited, steep),
        limits=limited,
        rules=sections.rules(metrics),
        sweep=sections.sweep(metrics),
        gallery=sections.gallery_of(gallery),
        filmed=any(v.film for v in shown),
        ORACLE=wording.ORACLE,
        REGION=wording.REGION,
        EXPLAIN=wording.EXPLAIN,
        style=Markup((TEMPLATE / "style.css").read_text("utf-8")),
        script=Markup(script),
        sealed=sealed,
    )


def _title(metrics: Mapping, config: Mapping, num_videos: int) -> tuple[str, str]:
    """Return the heading (one's own, if config.report.title is set) and what stands below it."""
    name = wording.dataset(metrics) or f"Scores of {wording.plural(num_videos, 'video')}"
    own = wording.lookup(config, "report.title")
    below = [name if own else "", wording.detector(metrics)]
    return str(own or name), " · ".join(words for words in below if words)
