"""New videos scored on many machines: a job is some videos, each of which leaves a record.

A record is a `scores.npz` under a name made of the video's bytes and of the detector, so that a
video whose record is there is not scored again, by a job that is begun again or by a later command.
"""

import dataclasses
import hashlib
import importlib.metadata
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.open_clips import clips_at, video_of_footage
from vadjax.data.indexing.probe import attempts
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.extract import shares
from vadjax.fleet.extraction import PER_WORKER
from vadjax.launchers.launcher import Launcher
from vadjax.pipeline.predict import Away, Spread
from vadjax.pipeline.trained import TrainedDetector, with_fps
from vadjax.report.wording import plural
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.storage.files import short_name

FOLDER = "videos"  # of the records
_opened: dict[str, TrainedDetector] = {}  # of this worker, so that its network is compiled once


def detect_job(
    workdir: str, key: str, paths: Sequence[str], folder: str, fps: float | None
) -> list[Footage | str]:
    """Score videos in a worker.

    Args:
        workdir: of the trained detector.
        key: of the detector, see `detector_key`.
        paths: video files and folders of images.
        folder: of the records.
        fps: frames a second of videos that do not say theirs.

    Returns:
        What each clip holds, or why it cannot be scored.
    """
    if key not in _opened:
        _opened.clear()
        _opened[key] = TrainedDetector(workdir, console=Console(quiet=True))
    detector, found = _opened[key], list[Footage | str]()
    for path in paths:
        [held] = attempts([pathlib.Path(path)], content=False)
        if isinstance(held, Footage):
            video = with_fps(video_of_footage(pathlib.Path(path).name, held), fps)
            try:
                _score(detector, video, record_of(pathlib.Path(folder), key, video))
            except UserError as error:
                found.append(str(error))
                continue
        found.append(held if isinstance(held, Footage) else str(held))
    return found


def _score(detector: TrainedDetector, video: Video, record: pathlib.Path) -> None:
    """Score a video whose record is not there; one that is too short is left to the caller."""
    if len(video.frames) < detector.run.shortest or _is_whole(record):
        return
    artifacts.write_scores(record, detector.score_videos([video]), [])


def _is_whole(record: pathlib.Path) -> bool:
    try:
        return len(artifacts.read_scores(record).test) == 1
    except UserError:
        return False


def record_of(folder: pathlib.Path, key: str, video: Video) -> pathlib.Path:
    """Return the folder of a video's record.

    Args:
        folder: of all records.
        key: of the detector.
        video: opened, under any name.

    Returns:
        The folder, which need not be there.
    """
    return folder / short_name("scores", video.fingerprint, key, repr(video.fps))


def detector_key(detector: TrainedDetector) -> str:
    """Return a hash of what scores depend on: the state of a detector and its settings."""
    digest = hashlib.sha256(importlib.metadata.version("vadjax").encode())
    workdir = detector.workdir
    for path in (workdir / "config.json", *sorted((workdir / "detector").rglob("*"))):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def spread_by(launcher: Launcher, work: Callable[..., Any] = detect_job) -> Spread:
    """Return the function that scores videos by a launcher, see `pipeline.predict.detect`.

    Args:
        launcher: executes the jobs.
        work: executes one, see `detect_job`.

    Returns:
        A function of a detector, paths, the folder for results, and a frame rate. It raises
        `UserError` where a worker was lost for good.
    """

    def spread(
        detector: TrainedDetector, paths: Sequence[str], out: pathlib.Path, fps: float | None
    ) -> Away:
        console = detector.run.console
        clips = {path: clips_at(path) for path in paths}
        files = sorted(
            {str(clip.absolute()) for named in clips.values() for clip in named.values()}
        )
        workers = launcher.start(console)
        parts = [part for part in shares(list(map(_bytes, files)), PER_WORKER * workers) if part]
        key, folder = detector_key(detector), (out / FOLDER).absolute()
        held: dict[str, Footage | str] = {}
        faults: list[str] = []
        with console.bar("videos", total=len(files), unit="videos") as advance:

            def ended(number: int, outcome: Any) -> None:
                names = [files[index] for index in parts[number]]
                if isinstance(outcome, Exception):
                    last = (str(outcome).strip().splitlines() or [""])[-1]
                    faults.append(f"{names[0]}: {type(outcome).__name__}: {last}")
                else:
                    held.update(zip(names, outcome, strict=True))
                advance(len(held))

            workdir = str(detector.workdir.absolute())
            jobs = [(workdir, key, [files[i] for i in part], str(folder), fps) for part in parts]
            launcher.run(work, jobs, on_done=ended)
        if len(held) < len(files):
            raise UserError(
                f"{plural(len(files) - len(held), 'video')} of {len(files)} could not be scored, "
                "because workers were lost; the others are kept, and the same command continues:"
                "\n  " + "\n  ".join(faults[:8])
            )
        return _Away(clips, held, folder, key)

    return spread


def _bytes(path: str) -> int:
    """Return the size of a clip on disk."""
    if os.path.isdir(path):
        return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
    return os.path.getsize(path)


class _Away:
    """Videos that workers have opened and scored, see `pipeline.predict.Away`."""

    def __init__(
        self,
        clips: dict[str, dict[str, pathlib.Path]],
        held: dict[str, Footage | str],
        folder: pathlib.Path,
        key: str,
    ):
        self._clips, self._held, self._folder, self._key = clips, held, folder, key

    def open(
        self, path: str, *, skipped: list[str] | None = None, content: bool = False
    ) -> list[Video]:
        found = {name: self._held[str(p.absolute())] for name, p in self._clips[path].items()}
        faults = [text for text in found.values() if isinstance(text, str)]
        if faults and skipped is None:
            more = [f"... and {len(faults) - 8} more clips"] if len(faults) > 8 else []
            raise UserError("\n".join(faults[:8] + more))
        if skipped is not None:
            skipped += faults
        return [
            video_of_footage(name, held)
            for name, held in found.items()
            if isinstance(held, Footage)
        ]

    def scores(self, video: Video) -> ScoredVideo:
        [scored] = artifacts.read_scores(record_of(self._folder, self._key, video)).test
        return dataclasses.replace(scored, id=video.id)
