"""Features of many videos on many machines: a job is some videos, whose rows go to the store.

A worker skips the videos that the store holds, so a job may be begun again at any time: after a
worker was lost only the video in its hands is read twice. The store's folder (`features.cache_dir`)
and the videos have to be visible to all workers.
"""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.extract import shares
from vadjax.launchers.launcher import Launcher
from vadjax.pipeline.extract import extract_videos, fetch_rows, missing_of
from vadjax.pipeline.run import Run, Spread
from vadjax.report.wording import plural
from vadjax.runtime.console import Console

PATHS = (("dataset", "data_dir"), ("dataset", "masks_dir"), ("features", "weights"))
PER_WORKER = 4  # jobs: a worker that is lost or slow delays a part of its share
_opened: dict[str, Run] = {}  # of this worker, so that its network is compiled once


def extract_job(config: ConfigDict, names: Sequence[str], workdir: str) -> str:
    """Extract videos in a worker.

    Args:
        config: of the run.
        names: ids of the videos.
        workdir: of the run; nothing is written there.

    Returns:
        What the user can correct, or "".
    """
    from vadjax.runtime import devices

    devices.setup(config.features.cache_dir)
    key = configs.fingerprint(config.to_dict())
    if key not in _opened:
        _opened.clear()
        _opened[key] = Run(config, pathlib.Path(workdir), Console(quiet=True))
    run = _opened[key]
    try:
        if unseen := [name for name in names if name not in run.videos]:
            return f"a worker does not see {unseen[0]}: all machines have to see the videos."
        extract_videos(run, [run.videos[name] for name in names])
    except UserError as error:
        return str(error)
    return ""


def spread_by(launcher: Launcher, work: Callable[..., Any] = extract_job) -> Spread:
    """Return the function that extracts videos of a run by a launcher, see `Run.spread`.

    Args:
        launcher: executes the jobs.
        work: executes one, see `extract_job`.

    Returns:
        A function of a run and the videos that its stores lack. It raises `UserError` where some
        are still missing when all jobs have ended.
    """

    def spread(run: Run, videos: Sequence[Video]) -> None:
        workers = launcher.start(run.console)
        sizes = [len(video.frames) for video in videos]
        parts = [part for part in shares(sizes, PER_WORKER * workers) if part]
        config, faults, done = _sent(run), dict[str, None](), 0
        with run.console.bar(f"{run.unit}s", total=sum(sizes), unit=f"{run.unit}s") as advance:

            def ended(number: int, outcome: Any) -> None:
                nonlocal done
                if isinstance(outcome, Exception):
                    last = (str(outcome).strip().splitlines() or [""])[-1]
                    outcome = f"its worker was lost: {type(outcome).__name__}: {last}"
                if outcome:
                    faults[outcome] = None
                done += sum(sizes[index] for index in parts[number])
                advance(done)

            names = [[videos[index].id for index in part] for part in parts]
            jobs = [(config, each, str(run.workdir.absolute())) for each in names]
            launcher.run(work, jobs, on_done=ended)
        fetch_rows(run, videos)  # of workers that share the mirror alone
        if lost := missing_of(run, videos):
            why = "\n  ".join(faults) or (
                "features.cache_dir has to be one folder that all workers share, or "
                "features.mirror an address that all reach."
            )
            raise UserError(
                f"{plural(len(lost), 'video')} of {len(videos)} could not be extracted, such as "
                f"{lost[0].id}; the others are kept, and the same command continues:\n  {why}"
            )

    return spread


def _sent(run: Run) -> ConfigDict:
    """Return the config for workers, which find videos and store wherever they start."""
    config = run.config.copy_and_resolve_references()
    with config.unlocked():
        config.features.cache_dir = str(run.cache.absolute())
        for section, key in PATHS:
            place = pathlib.Path(config[section][key]).expanduser()
            if config[section][key] and place.exists():
                config[section][key] = str(place.absolute())
        if run.known:  # training clips that were removed since
            config.dataset.train_may_be_gone = True
    return config
