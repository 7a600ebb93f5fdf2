"""Annotated films of the test videos: short ones whole, of long ones what is around alarms."""

import concurrent.futures
import os
import pathlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.data.video import Video
from vadjax.explain.film_stretches import Stretches, film_stretches, numbers
from vadjax.pipeline.run import Run
from vadjax.storage.files import atomic_write, short_name

MAX_FRAMES = 30_000  # of all films together: about a minute and a half on two cores
SKEW = 8.0  # as on the page: from there on a linear scale hides most scores
TOLD = 25  # frames of a film between two reports


Heats = Callable[[str, Iterable[int]], Iterator[np.ndarray]]


class Shown(NamedTuple):
    """What is drawn of one test video.

    Attributes:
        video: its frames, labels and masks.
        scored: its scores with the threshold and alarms of its fold, and maps [t, h, w] on a small
            grid where there are some.
    """

    video: Video
    scored: ScoredVideo


def write_films(
    run: Run, shown: Mapping[str, Shown], heats: Heats
) -> tuple[dict[str, str], dict[str, Stretches]]:
    """Film videos, one a core at a time.

    Args:
        run: its console and folder.
        shown: the videos.
        heats: (video, frames) -> their maps, float32 [H, W] in 0 .. 1; called where it has maps.

    Returns:
        Video -> file, and video -> the frames of films that do not show all.
    """
    chosen = filmed(shown)
    total = sum(stop - start for each in chosen.values() for start, stop in each)
    threads = max(1, min(len(chosen), os.cpu_count() or 1))
    done, lock = 0, threading.Lock()
    with (
        run.console.bar("films", total=total, unit="frames") as advance,
        concurrent.futures.ThreadPoolExecutor(threads) as pool,
    ):

        def told(count: int) -> None:
            nonlocal done
            with lock:
                done += count
                advance(done)

        scale = score_scale(shown)

        def film(name: str) -> str:
            file = f"explain/{short_name(name)}.webm"
            with atomic_write(run.workdir / file) as beside:
                _film(beside, name, shown[name], chosen[name], heats, scale, told)
            return file

        files = dict(zip(chosen, pool.map(film, chosen), strict=True))
    whole = {name: [(0, len(one.scored.scores))] for name, one in shown.items()}
    return files, {name: each for name, each in chosen.items() if each != whole[name]}


def filmed(shown: Mapping[str, Shown]) -> dict[str, Stretches]:
    """Choose what is filmed: the videos with the highest scores, until there are `MAX_FRAMES`.

    Args:
        shown: the videos.

    Returns:
        Video -> half-open stretches of its frames, in the order of `shown`.
    """
    chosen: dict[str, Stretches] = {}
    total = 0
    for name in sorted(shown, key=lambda name: -shown[name].scored.scores.max(initial=-np.inf)):
        scored = shown[name].scored
        stretches = film_stretches(scored.scores, scored.alarms, fps=shown[name].video.fps)
        total += sum(stop - start for start, stop in stretches)
        if total > MAX_FRAMES and chosen:
            break
        chosen[name] = stretches
    return {name: chosen[name] for name in shown if name in chosen}


def _film(
    path: pathlib.Path,
    name: str,
    shown: Shown,
    stretches: Stretches,
    heats: Heats,
    scale: tuple[float, float],
    told: Callable[[int], None],
) -> None:
    from vadjax.explain import film, webm

    video, scored = shown
    whole = stretches == [(0, len(scored.scores))]
    images = film.annotate(
        video.frames if whole else (video.frames[i] for i in numbers(stretches)),
        scored.scores,
        numbers=numbers(stretches),
        heats=None if scored.maps is None else heats(name, numbers(stretches)),
        masks=None if video.masks is None else (video.masks[i] for i in numbers(stretches)),
        labels=video.labels,
        threshold=scored.threshold,
        edges=video.edges,
        scale=scale,
    )
    edges = video.edges
    if edges is not None and not whole:  # the film goes on where a stretch ends
        seconds = np.diff(edges)[list(numbers(stretches))]
        edges = np.concatenate([[0.0], np.cumsum(seconds)])
    webm.write_webm(path, _counted(images, told), edges=edges)


def _counted(images: Iterator[np.ndarray], told: Callable[[int], None]) -> Iterator[np.ndarray]:
    """Pass images on, and report every `TOLD` of them."""
    count = 0
    for image in images:
        yield image
        count += 1
        if count == TOLD:
            told(count)
            count = 0
    told(count)


def score_scale(shown: Mapping[str, Shown]) -> tuple[float, float]:
    """Return the lowest and highest score that films draw; from above 0 where a few tower."""
    scores = [one.scored.scores for one in shown.values() if len(one.scored.scores)] or [
        np.zeros(1)
    ]
    limits = [[one.scored.threshold] for one in shown.values() if one.scored.threshold is not None]
    values = np.concatenate([*scores, *limits])
    low, high = float(values.min()), float(values.max())
    towers = low > 0 and high > SKEW * np.quantile(values, 0.9)
    return (low if towers else min(low, 0.0)), high
