"""Every detector on every test set: what is left of a figure, and of a threshold, elsewhere."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax import data
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.scenes import tested_scenes
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.evaluation.abroad import FIGURES, figures
from vadjax.pipeline import stages
from vadjax.pipeline.run import Run
from vadjax.pipeline.shared_footage import copies_of
from vadjax.pipeline.trained import TrainedDetector, stored
from vadjax.report import transfer_page
from vadjax.report.wording import plural
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.storage.files import write_json
from vadjax.storage.lock import locked

NAME, PAGE = "transfer.json", "transfer.html"


@dataclasses.dataclass(frozen=True)
class Home:
    """A data set or camera with the detector that learnt it.

    Attributes:
        name: of its row and column.
        workdir: of the run.
        config: to train there, if the run is not finished; None: it is.
    """

    name: str
    workdir: pathlib.Path
    config: Any = None


def homes_by_scene(config: Any, out: pathlib.Path, *, unseen: bool) -> list[Home]:
    """Return a home for each scene of a data set that has test clips.

    Args:
        config: of the data set; each home has a copy of it.
        out: folder, below which the runs go.
        unseen: each home is trained on all scenes but its own, and tested on its own.

    Returns:
        Homes named by their scenes, in natural order.

    Raises:
        UserError: the data set cannot be loaded, or has fewer than two such scenes.
    """
    dataset = data.load(config.dataset, cache_dir=config.features.cache_dir)
    homes = []
    for scene in tested_scenes(dataset, unseen=unseen):
        own = config.copy_and_resolve_references()
        own.dataset["unseen_scene" if unseen else "scene"] = scene
        homes.append(Home(scene, out / "runs" / scene, own))
    return homes


def transfer(
    homes: Sequence[Home],
    out: pathlib.Path,
    *,
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> dict[str, Any]:
    """Train at each home, test at each; write transfer.json and transfer.html.

    Nothing is chosen abroad: detector and threshold are those of the home.

    Args:
        homes: at least two, of distinct names.
        out: folder for the results.
        command: how a person would start this again.
        quiet: print nothing.
        verbose: print details, and the time before each line.

    Returns:
        What transfer.json holds.

    Raises:
        UserError: a run cannot be trained or read, or has no labelled test clip.
    """
    _check(homes)
    console = Console(quiet=quiet, verbose=verbose)
    _train(homes, command=command, quiet=quiet, verbose=verbose)
    with locked(out, flag="--out", keep=lambda _: False), console.attached():
        console.say(f"vadjax transfer: {plural(len(homes), 'detector')}, each on all test sets")
        detectors = {
            home.name: TrainedDetector(home.workdir, console=console, command=command)
            for home in homes
        }
        tests = {name: _tested(name, detector.run) for name, detector in detectors.items()}
        rows = []
        for name, detector in detectors.items():
            with console.doing(f"testing the detector of {name}"):
                rows.append([_cell(name, other, detector, tests) for other in tests])
            console.say(f"  {name}: " + "; ".join(map(_said, tests, rows[-1])))
        names = list(detectors)
        result = {
            "names": names,
            "columns": names,
            "runs": [os.fspath(home.workdir) for home in homes],
            "datasets": [detector.metrics["dataset"] for detector in detectors.values()],
            "detectors": [detector.metrics["detector"]["name"] for detector in detectors.values()],
            "thresholds": [detector.threshold for detector in detectors.values()],
            "cells": rows,
            **_means(rows),
            "copies": None,
            "command": command,
        }
        with console.doing("looking for copies"):
            found = copies_of(detectors, tests)
        result["copies"] = found.listed
        _write(out, result, console, pictures=found.pictures)
    return result


def hold_out(
    scenes: Sequence[Home],
    out: pathlib.Path,
    *,
    command: str = "",
    quiet: bool = False,
    verbose: bool = False,
) -> dict[str, Any]:
    """Test each scene by a detector of all the others; write transfer.json and transfer.html.

    Args:
        scenes: one run each, with `dataset.unseen_scene`.
        out: folder for the results.
        command: how a person would start this again.
        quiet: print nothing.
        verbose: print details, and the time before each line.

    Returns:
        What transfer.json holds; its cells have one column.

    Raises:
        UserError: a run cannot be trained, or has no labelled test clip.
    """
    _check(scenes)
    console = Console(quiet=quiet, verbose=verbose)
    _train(scenes, command=command, quiet=quiet, verbose=verbose)
    with locked(out, flag="--out", keep=lambda _: False), console.attached():
        detectors = [TrainedDetector(s.workdir, console=console, command=command) for s in scenes]
        for scene, detector in zip(scenes, detectors, strict=True):
            _tested(scene.name, detector.run)
        rows = [[{**figures(_own(detector)), "why": None}] for detector in detectors]
        result = {
            "names": [scene.name for scene in scenes],
            "columns": ["on the others trained"],
            "runs": [os.fspath(scene.workdir) for scene in scenes],
            "datasets": [detector.metrics["dataset"] for detector in detectors],
            "detectors": [detector.metrics["detector"]["name"] for detector in detectors],
            "thresholds": [detector.threshold for detector in detectors],
            "cells": rows,
            "mean_home": None,
            "mean_abroad": _mean([row[0]["auc"] for row in rows]),
            "copies": None,
            "command": command,
        }
        _write(out, result, console)
    return result


def _train(homes: Sequence[Home], **output: Any) -> None:
    """Train the runs that are not finished."""
    for home in homes:
        if home.config is not None and not artifacts.is_done(home.workdir, "report"):
            stages.run(home.config, home.workdir, **output)


def _write(
    out: pathlib.Path,
    result: Mapping[str, Any],
    console: Console,
    *,
    pictures: Sequence[Mapping[str, Any]] = (),
) -> None:
    write_json(out / NAME, result)
    transfer_page.write(out / PAGE, result, pictures=pictures)
    console.show(transfer_page.table(result))
    console.say(f"figures: {out / NAME}, {out / PAGE}")


def _check(homes: Sequence[Home]) -> None:
    names = [home.name for home in homes]
    if len(homes) < 2:
        raise UserError("transfer needs at least two data sets or cameras.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"two of the runs are called {twice[0]}; give folders of distinct names.")


def _tested(name: str, run: Run) -> list[Video]:
    """Return the test clips of a home, whole."""
    if len(run.folds) != 1 or run.protocol.unit != "video":
        raise UserError(
            f"{name}: {run.protocol.name} has several detectors or scores windows; transfer needs "
            "runs with one detector, such as one_class."
        )
    videos = [run.videos[segment.video_id] for segment in run.folds[0].test.segments]
    if not any(video.labels is not None for video in videos):
        raise UserError(f"{name} has no labelled test clip.")
    return videos


def _cell(
    home: str,
    abroad: str,
    detector: TrainedDetector,
    tests: Mapping[str, Sequence[Video]],
) -> dict[str, Any]:
    """Return the figures of one detector on one test set; `why` where it cannot score it."""
    try:
        if home == abroad:
            scored = _own(detector)
        else:
            found = detector.score_videos(tests[abroad])
            scored = [
                dataclasses.replace(one, labels=video.labels, fps=video.fps, times=video.times)
                for one, video in zip(found, tests[abroad], strict=True)
            ]
    except UserError as error:
        why = str(error)
        for video in tests[abroad]:  # by the name that its data set has for it
            why = why.replace(stored(video).id, video.id)
        return {**dict.fromkeys(FIGURES), "why": why}
    return {**figures(scored), "why": None}


def _own(detector: TrainedDetector) -> list[ScoredVideo]:
    """Return the scores that the run itself has of its test clips, with threshold and alarms."""
    rows = {row["id"]: row for row in detector.metrics["videos"]}
    return [
        dataclasses.replace(
            video,
            threshold=rows[video.id]["threshold"],
            alarms=tuple(tuple(alarm) for alarm in rows[video.id]["alarms"] or ()),
        )
        for video in artifacts.read_scores(detector.workdir).test
    ]


def _means(rows: Sequence[Sequence[Mapping]]) -> dict[str, float | None]:
    """Return the mean AUC at home and abroad; None where there is none."""
    pairs = [(i == j, cell["auc"]) for i, row in enumerate(rows) for j, cell in enumerate(row)]
    return {
        "mean_home": _mean([auc for home, auc in pairs if home]),
        "mean_abroad": _mean([auc for home, auc in pairs if not home]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _said(name: str, cell: Mapping) -> str:
    return f"{name} " + (f"AUC {cell['auc']:.3f}" if cell["auc"] is not None else "–")
