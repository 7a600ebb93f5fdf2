"""The stage `report`: metrics.json and scores.npz to the page, its figures and the tables."""

import dataclasses

from vadjax.comparison import compare
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
    videos.sort(key=lambda video: order.index(video.id) if video.id in order else 0)
    videos = with_pictures(with_findings_of(run, videos), run.videos)
    count = run.config.report.thumbnails
    curves = [artifacts.read_history(run.workdir, fold_name(run, fold)) for fold in run.folds]
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
        copies=copy_pictures(run, (metrics["leakage"] or {}).get("copies")),
    )
    compare.write_results(run.workdir, metrics=metrics, config=run.config, command=run.command)
