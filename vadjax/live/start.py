"""A watch by what a person has typed: sources, detectors, a folder."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from vadjax.live.outlets import NOTHING, Outlets
from vadjax.live.settled import Settings
from vadjax.live.source import Source
from vadjax.live.watcher import Watcher
from vadjax.pipeline.trained import TrainedDetector
from vadjax.report.wording import plural
from vadjax.runtime.console import Console
from vadjax.storage.lock import locked


def watch(
    sources: Sequence[Source],
    folders: Mapping[str, pathlib.Path],
    *,
    out: pathlib.Path,
    settings: Settings,
    outlets: Outlets = NOTHING,
    threshold: float | None = None,
    sensitivity: str = "",
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Watch sources until they end, or until the process is stopped.

    Args:
        sources: what is watched.
        folders: of a finished run, by the names of the sources.
        out: folder of the watch.
        settings: see `Settings`.
        outlets: sinks and the page.
        threshold: a score in place of the run's threshold.
        sensitivity: "low", "medium", "high", or a number of false alarms an hour.
        command: how a person would start this again.
        quiet: print nothing.
        verbose: print details, and the time before each line.

    Raises:
        UserError: a detector scores no frames one by one.
    """
    console = Console(quiet=quiet, verbose=verbose)
    with locked(out, flag="--out"), console.attached():
        known: dict[pathlib.Path, Any] = {}
        for folder in folders.values():
            if folder not in known:
                known[folder] = TrainedDetector(
                    folder,
                    console=console,
                    command=command,
                    threshold=threshold,
                    sensitivity=sensitivity,
                )
                known[folder].stream()  # it may need the whole video
                if known[folder].threshold is None:
                    console.say(f"  note: {folder} has no threshold; give --threshold=X for events")
        watcher = Watcher(
            sources,
            {name: known[folder] for name, folder in folders.items()},
            folder=out,
            settings=settings,
            console=console,
        )
        named = ", ".join(f"{one.name} ({one.shown})" for one in sources)
        console.say(f"vadjax: watching {plural(len(sources), 'source')}: {named}; events in {out}")
        with outlets.opened(watcher.store, watcher.status, console.say):
            watcher.run()
