"""New videos to tables and a page, by a detector that a run has left behind."""

import datetime
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from vadjax import data
from vadjax.data.arrays.new_array import on_disk
from vadjax.data.deviation import gathered
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.text.lists import spans
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.pipeline.alarm_pictures import with_pictures
from vadjax.pipeline.findings import normal_scene_of
from vadjax.pipeline.given_videos import open_given
from vadjax.pipeline.lengths import check_length
from vadjax.pipeline.predict_images import detect_images
from vadjax.pipeline.trained import TrainedDetector, with_fps
from vadjax.report.wording import plural
from vadjax.runtime.console import Console
from vadjax.runtime.run_log import NAME
from vadjax.storage import workdir as workdirs
from vadjax.storage.lock import locked


class Away(Protocol):
    """Videos that were opened and scored on other machines."""

    def open(
        self, path: str, *, skipped: list[str] | None = None, content: bool = False
    ) -> list[Video]:
        """Return what `data.open_videos` would.

        Args:
            path: one of those that were given.
            skipped: gets a message for each clip that cannot be used.
            content: what each frame shows is wanted; it is not known.

        Returns:
            The videos.
        """
        ...

    def scores(self, video: Video) -> ScoredVideo:
        """Return the scores of one of them."""
        ...


Spread = Callable[[TrainedDetector, Sequence[str], pathlib.Path, float | None], Away]
RESULTS = ("scores.csv", "alarms.csv", "alarms.jsonl", "report.html")
_KEPT = ("protocol", "detector", "warnings", "lookahead_frames", "seeds")  # of the run's metrics


def detect(
    workdir: pathlib.Path,
    paths: Sequence[str],
    *,
    out: pathlib.Path,
    fps: float | None = None,
    skip_broken: bool = False,
    spread: Spread | None = None,
    threshold: float | None = None,
    sensitivity: str = "",
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> list[ScoredVideo]:
    """Score unlabelled videos; write scores.csv, alarms.csv, alarms.jsonl and report.html.

    Args:
        workdir: folder of a run whose `evaluate` stage has been done.
        paths: video files, folders of images, and folders of such clips.
        out: folder for the results.
        fps: frames a second of videos that do not say theirs; None is `dataset.fps` of the run.
            Without either their alarms have no times, and none that are close are merged.
        skip_broken: leave out videos that cannot be read, said and counted.
        spread: scores the videos on other machines, see `fleet.detection`; None: here.
        threshold: a score in place of the run's threshold.
        sensitivity: "low", "medium", "high", or a number of false alarms an hour.
        command: how a person would start this again.
        quiet: print nothing.
        verbose: print details, and the time before each line.

    Returns:
        A record for each video.

    Raises:
        UserError: the workdir holds no detector, a video cannot be read or is too short.
    """
    if (out / "config.json").exists():
        raise UserError(
            f"{out} is the folder of a run, whose report.html would be replaced; give another "
            "--out=FOLDER."
        )
    console = Console(quiet=quiet, verbose=verbose)
    with (
        locked(out, flag="--out", keep=lambda _: False),
        console.attached(),
        console.doing("scoring new videos"),
    ):
        asked: dict[str, Any] = {"threshold": threshold, "sensitivity": sensitivity}
        detector = TrainedDetector(workdir, console=console, command=command, **asked)
        return _detect(detector, paths, out, fps=fps, skip_broken=skip_broken, spread=spread)


def _detect(
    detector: TrainedDetector,
    paths: Sequence[str],
    out: pathlib.Path,
    *,
    fps: float | None,
    skip_broken: bool,
    spread: Spread | None,
) -> list[ScoredVideo]:
    """Score videos into a folder that is locked; see `detect`."""
    console, workdir = detector.run.console, detector.workdir
    detector.check_pictures()
    if detector.asked is not None:
        console.say(f"  threshold {detector.asked.value:.4g}: {detector.asked.words}")
    if detector.run.unit == "image":
        if spread is not None:
            raise UserError("--launcher is for videos: images are scored here; leave it out.")
        return detect_images(detector, paths, out, skip_broken=skip_broken)
    fps = fps or detector.run.config.dataset.fps or None
    away = spread(detector, paths, out, fps) if spread is not None else None
    opener = data.open_videos if away is None else away.open
    videos, named = open_given(paths, skip_broken=skip_broken, opener=opener)
    without_rate = [v.id for v in videos if v.fps is None]
    videos = [with_fps(video, fps) for video in videos]
    total = sum(len(v.frames) for v in videos)
    count = plural(len(videos), "video")
    console.say(f"vadjax: {count}, {total} frames, with the detector of {workdir}")
    check_length(videos, detector.run.shortest)
    if without_rate and not fps:
        console.say(
            f"  note: nothing says the frame rate of {_some(without_rate)}: alarms have no times "
            "and are not merged; --fps=N gives it"
        )
    for video in videos:
        if (announced := video.metadata.get("announced", 0)) > len(video.frames):
            console.say(
                f"  note: {video.id}: its header announces {announced} frames, but only "
                f"{len(video.frames)} can be decoded"
            )
        if video.substituted:
            decoded = len(video.frames) - len(video.substituted)
            console.say(
                f"  note: {video.id}: {decoded} of {len(video.frames)} frames can be decoded; "
                f"{spans(video.substituted)} (0-based) show their neighbour"
            )
    for note in [*named, *_noted(paths, videos), *_replaced(out)]:
        console.say(f"  note: {note}")
    unlike = _unlike(videos, workdirs.read_frame_sizes(workdir))
    for note in unlike:
        console.say(f"  note: {note}")
    with on_disk(out) as new_maps:
        with console.bar("frames", total=total, unit="frames") as advance:
            scored = detector.score_videos(
                videos,
                report=lambda p: advance(p["frames"] + total - p["total"]),
                new_maps=new_maps,
                known=None if away is None else away.scores,
            )
        for note in detector.doubts:
            console.say(f"  WARNING: {note}")
        warnings = [*detector.metrics["warnings"], *unlike, *detector.doubts]
        metrics = {**detector.metrics, "warnings": warnings}
        _write(detector, metrics, videos, scored, out)
    return scored


def _some(names: Sequence[str]) -> str:
    """Name the first three."""
    return ", ".join(names[:3]) + f" and {len(names) - 3} more" * (len(names) > 3)


def _noted(paths: Sequence[str], videos: Sequence[Video]) -> list[str]:
    """Say what was left out of folders, and what of the videos was read in another way."""
    left_out = [note for path in paths for note in data.left_out(path)]
    notes = gathered({video.id: video.metadata.get("notes", ()) for video in videos})
    return [f"{note.what}: {note.meaning}" for note in [*left_out, *notes]]


def _replaced(out: pathlib.Path) -> list[str]:
    """Say which results of an earlier time in `out` are about to be replaced."""
    there = [out / name for name in RESULTS if (out / name).exists()]
    if not there:
        return []
    at = datetime.datetime.fromtimestamp(max(path.stat().st_mtime for path in there))
    names = ", ".join(path.name for path in there)
    return [f"{names} of {at:%Y-%m-%d %H:%M} in {out} are replaced; --out=FOLDER keeps them"]


def _unlike(videos: Sequence, known: Sequence) -> list[str]:
    """Say which videos have frames of a size that the detector was not trained on.

    Args:
        videos: to be scored.
        known: (height, width) of the fitted frames; empty where the run did not note them.
    """
    fitted = {(height, width) for height, width in known}
    found: dict[tuple[int, int], list[str]] = {}
    for video in videos:
        if fitted and video.frames.shape not in fitted:
            found.setdefault(video.frames.shape, []).append(video.id)
    trained = " and ".join(f"{w}x{h}" for h, w in sorted(fitted))
    notes = []
    for (height, width), names in found.items():
        same = any(abs(width * h - height * w) <= max(h, w) for h, w in fitted)
        meaning = (
            "things look smaller or larger than it has learnt"
            if same
            else "another shape of picture: another camera, or a part of the picture"
        )
        notes.append(
            f"{_some(names)}: frames of {width}x{height}, the detector was trained on {trained}: "
            f"{meaning}"
        )
    return notes


def _write(
    detector: TrainedDetector,
    metrics: dict,
    videos: Sequence[Video],
    scored: Sequence[ScoredVideo],
    out: pathlib.Path,
) -> None:
    """Write the tables and the page."""
    from vadjax.evaluation.accounting import account
    from vadjax.report import finding, tables
    from vadjax.report.alarm_files import write_alarms
    from vadjax.report.page import write_report
    from vadjax.report.thumbnails import thumbnails
    from vadjax.report.timelines import select

    run, count = detector.run, detector.run.config.report.thumbnails
    opened = {one.id: video for video, one in zip(videos, scored, strict=True)}
    run.console.log_to(out / NAME, command=run.command)
    tables.write_scores(out / "scores.csv", scored)
    scored = with_pictures(scored, opened)
    write_alarms(out, scored)
    no_labels = "the videos have no labels"
    page = {
        **{key: metrics[key] for key in _KEPT},
        "dataset": "unlabelled",
        "coverage": f"trained on {metrics['dataset']}",
        "frame": None,
        "threshold": detector.threshold_part(),
        "accounting": account(scored),
        "reasons": {
            **{k: why for k, why in metrics["reasons"].items() if k.startswith("threshold.")},
            **{"frame": no_labels, "accounting.labels": no_labels},
        },
    }
    write_report(
        out / "report.html",
        metrics=page,
        videos=scored,
        thumbnails={
            one.id: thumbnails(opened[one.id], one.scores, count=count, alarms=one.alarms)
            for one in select(scored)
        },
        config=run.config.to_dict(),
        environment={**run.environment, "command": run.command},
        normal=normal_scene_of(run),
    )
    for one in scored:
        run.console.say(f"  {one.id}: alarms: {len(one.alarms)}")
    run.console.say(f"report: {out / 'report.html'}")
    run.console.say(finding.alarms(scored, page))
