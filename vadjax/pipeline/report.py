"""The stage `report`: metrics.json and scores.npz to the page, its figures and the tables."""

import dataclasses
from collections.abc import Mapping

from vadjax.comparison import compare
from vadjax.data.scored_video import ScoredVideo
from vadjax.pipeline.alarm_pictures import with_pictures
from vadjax.pipeline.copy_pictures import copy_pictures
from vadjax.pipeline.findings import normal_scene_of, with_findings_of
from vadjax.pipeline.run import Run
from vadjax.pipeline.train import fold_name
from vadjax.report import images, tables
from vadjax.report.alarm_files import write_alarms
from vadjax.report.figures import write_figures
from vadjax.report.page import write_report
from vadjax.report.thumbnails import thumbnails
from vadjax.report.timelines import select
from vadjax.storage import artifacts


def report(run: Run) -> None:
    """Write the page, its figures, the workbook, scores.csv and the files of alarms."""
    metrics = run.metrics
    videos = with_pictures(with_findings_of(run, _decided(run, metrics)), run.videos)
    count = run.config.report.thumbnails
    curves = _curves(run)
    if all(video.unit == "frame" for video in videos):  # the columns are those of frames
        tables.write_scores(run.workdir / "scores.csv", videos)
        write_alarms(run.workdir, videos)
    elif run.unit == "image":
        images.write_scores(run.workdir / "scores.csv", videos)
    normal = normal_scene_of(run)
    write_figures(
        run.workdir / "figures", metrics=metrics, videos=videos, history=curves, normal=normal
    )
    write_report(
        run.workdir / "report.html",
        metrics=metrics,
        videos=videos,
        thumbnails={
            video.id: thumbnails(
                run.videos[video.id], video.scores, count=count, alarms=video.alarms
            )
            for video in select(videos)  # others have no place for pictures
            if video.id in run.videos and run.pictures and run.unit == "frame"
        },
        history=curves,
        config=run.config.to_dict(),
        environment={**run.environment, "command": run.command},
        gallery=artifacts.read_gallery(run.workdir),
        normal=normal,
        copies=copy_pictures(
            run.videos if run.pictures else {}, (metrics["leakage"] or {}).get("copies")
        ),
    )
    artifacts.end_page(run.workdir)
    compare.write_results(run.workdir, metrics=metrics, config=run.config, command=run.command)


def early_page(run: Run) -> None:
    """Write the page as far as it goes after stage `evaluate`: figures, alarms, timelines.

    Pictures, maps and films take longer than all before; the page loads itself again until
    `report` has written the finished one in its place.
    """
    metrics = run.metrics
    artifacts.begin_page(run.workdir)
    write_report(
        run.workdir / "report.html",
        metrics=metrics,
        videos=_decided(run, metrics),
        history=_curves(run),
        config=run.config.to_dict(),
        environment={**run.environment, "command": run.command},
        unfinished=True,
    )
    run.console.say(
        f"  page so far: {run.workdir / 'report.html'}; pictures and films follow in it"
    )


def _decided(run: Run, metrics: Mapping) -> list[ScoredVideo]:
    """Return the tested videos with thresholds and alarms, in the order of the page."""
    rows = {row["id"]: row for row in metrics["videos"]}
    videos = [
        dataclasses.replace(
            video,
            threshold=rows[video.id]["threshold"],
            alarms=tuple(tuple(alarm) for alarm in rows[video.id]["alarms"] or ()),
        )
        for video in artifacts.read_scores(run.workdir).test
    ]
    order = list(run.videos)
    return sorted(videos, key=lambda video: order.index(video.id) if video.id in order else 0)


def _curves(run: Run) -> list[list[dict]]:
    return [artifacts.read_history(run.workdir, fold_name(run, fold)) for fold in run.folds]
