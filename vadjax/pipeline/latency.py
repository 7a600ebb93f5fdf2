"""How long a chunk takes on this machine, from frames in memory to the classes of the chunk."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from vadjax.detectors.window_state import trained_of
from vadjax.detectors.window_stream import make_window_fn
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts

REPEATS = 5


def chunk_latency(run: Run) -> dict[str, Any]:
    """Time one window of a run's detector, after a first time that compiles.

    Args:
        run: trained.

    Returns:
        `rows` of a window; `features_s`, its frames through preprocessing and backbone one after
        the other, None where features are given; `model_s`, the window through the model; both
        medians of `repeats`; and the `machine`.
    """
    trained = trained_of(artifacts.read_state(run.workdir, 0))
    rows = run.config.window.length
    video = next(iter(run.videos.values()))
    standard = trained.standardizer.apply(np.asarray(run.store.read(video)[:1]))
    window = np.repeat(standard, rows, axis=0)[None]
    model = run.detector.model(window.shape[2:])
    classify = make_window_fn(model, run.detector.objective, num_scored=1)
    features_s = None
    if run.pictures:
        read, frame = run.frontend.reader("features"), next(iter(video.frames))
        features_s = _median_s(lambda: [read(frame) for _ in range(rows)])
    return {
        "rows": rows,
        "repeats": REPEATS,
        "features_s": features_s,
        "model_s": _median_s(lambda: np.asarray(classify(trained.variables, window))),
        "machine": _machine(run.environment),
    }


def _median_s(action: Callable[[], Any]) -> float:
    """Return the median seconds of an action that was done once before."""
    action()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _machine(known: dict) -> str:
    """Name the machine in words."""
    if known.get("backend") == "cpu":
        return f"{known.get('processor') or 'CPU'}, {known.get('cpu_count')} cores"
    return f"{known.get('backend')}, {known.get('device')}"
