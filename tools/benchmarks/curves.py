"""Scaling curves: throughput of vadjax over members, devices, windows, features or videos.

Each axis has increasing values; it ends when its share of the time is used, when a device is out of
memory, or when the machine has no more devices. Training is LSTM 32 on windows 10 x 1280, batch 32,
one member, except for the size that the axis varies; `devices` distributes eight members over the
devices. `videos` scores clips of 200 frames with that LSTM and bootstraps their AUC.
"""

import time
from collections.abc import Callable, Mapping

import numpy as np

from tools.benchmarks import population, report, scanner
from tools.benchmarks import run as runs
from vadjax.errors import unknown

UNIT = "windows or frames"
PRECISIONS = population.PRECISIONS
ROUNDS = 3
AXES = {
    "members": (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
    "devices": (1, 2, 4, 8, 16),
    "window length": (5, 10, 20, 40, 80),
    "feature width": (128, 256, 512, 1280, 2048, 4096),
    "videos": (10, 100, 1000, 10000),
}
LABELS = {axis: "training windows/s" for axis in AXES} | {"videos": "frames/s"}
SHARED_MEMBERS, CLIP, CLIP_WIDTH = 8, 200, 64
FULL = 0.9  # of the best rate: a device is saturated there


def train(axis: str, value: int) -> Callable[[], float]:
    """Return a sample of training at a point of an axis."""
    if axis == "members":
        return population.train_vadjax(value)
    if axis == "devices":
        return population.train_vadjax(SHARED_MEMBERS, num_devices=value)
    field = {"window length": "length", "feature width": "width"}[axis]
    return population.train_vadjax(1, population.SHAPE._replace(**{field: value}))


def videos(count: int) -> Callable[[], float]:
    """Return a sample: `count` clips scored and evaluated, in frames per second."""
    from vadjax.runtime import devices

    devices.setup()
    import jax

    from tools.benchmarks import epochs
    from vadjax.evaluation.bootstrap import auc_interval
    from vadjax.scoring.score import score_videos

    rng, (units, length) = np.random.default_rng(0), (scanner.SMALL.units, scanner.SMALL.length)
    features = rng.normal(size=(CLIP * count, CLIP_WIDTH)).astype(np.float32)
    clips = {str(i): features[CLIP * i : CLIP * (i + 1)] for i in range(count)}
    labels = [rng.random(CLIP) < 0.25 for _ in range(count)]
    model, objective = epochs.network(epochs.config_of("predict", units=units), (CLIP_WIDTH,))
    variables = model.init(jax.random.key(0), np.zeros((1, length, CLIP_WIDTH), np.float32))

    def sample() -> float:
        start = time.perf_counter()
        scores = score_videos(model, objective, variables, clips, length=length)
        auc_interval([scores[name][0] for name in clips], labels)
        return len(features) / (time.perf_counter() - start)

    return sample


def _setup(axis: str, value: int) -> Callable[[], Callable[[], float]]:
    return lambda: videos(value) if axis == "videos" else train(axis, value)


CASES = {
    f"{axis} {value}": {"vadjax": _setup(axis, value)}
    for axis, values in AXES.items()
    for value in values
}


def run(
    *, axis: str = "", seconds: float, rounds: int = 0, dtype: str, keep_cache: bool = False
) -> dict:
    """Measure the curves and return their report.

    Args:
        axis: one axis; "" is all.
        seconds: for all axes; each may use an equal share.
        rounds: samples of each point; 0 is three.
        dtype: one of `precision.CHOICES`.
        keep_cache: see `run.run`.

    Raises:
        UserError: there is no such axis.
    """
    if axis and axis not in AXES:
        raise unknown("axis", axis, AXES)
    wanted = [axis] if axis else list(AXES)
    found = runs.start("curves", unit=UNIT, show="rates", dtype=dtype)
    found["rounds"] = rounds or ROUNDS
    device = found["environment"]
    available = device["cpu_count"] if device["backend"] == "cpu" else device["num_devices"]
    for name in wanted:
        walk(found, name, budget=seconds / len(wanted), devices=available, keep_cache=keep_cache)
    return found


def walk(
    found: dict, axis: str, *, budget: float, devices: int, keep_cache: bool, measure=runs.measure
) -> None:
    """Measure the points of an axis until its seconds are used or it has all devices.

    A point is skipped if the time of the one before, in proportion to the size, exceeds the rest.
    """
    start, before = time.perf_counter(), None
    for value in AXES[axis]:
        if axis == "devices" and value > devices:
            break
        began = time.perf_counter()
        left = budget - (began - start)
        if before and before[1] * value / before[0] > left:
            found["words"].append(f"{axis}: ended before {value}, its {budget:.0f} s were spent")
            break
        case = f"{axis} {value}"
        options = {"rounds": found["rounds"], "keep_cache": keep_cache}
        if not measure(found, "curves", case, ["vadjax"], **options):
            break
        before = value, time.perf_counter() - began
        runs.print_results(found, case)


def points(found: Mapping, axis: str) -> list[tuple[int, list[float]]]:
    """Return (value, rates of its rounds) of an axis, by increasing value."""
    return [
        (value, result["measured"][""]["rates"]["vadjax"])
        for value in AXES[axis]
        if (result := found["results"].get(f"{axis} {value}"))
    ]


def full_at(curve: list[tuple[int, list[float]]]) -> int:
    """Return the least value at which the rate is within a tenth of the curve's best.

    >>> full_at([(1, [10.0]), (4, [37.0]), (16, [40.0]), (64, [39.0])])
    4
    """
    middles = [(value, float(np.median(rates))) for value, rates in curve]
    best = max(rate for _, rate in middles)
    return next(value for value, rate in middles if rate >= FULL * best)


def markdown(found: Mapping) -> str:
    """Return the report as Markdown: machine, a table for each axis, and why it ended."""
    lines = [f"# Scaling curves, {found['precision']}", "", report.machine(found)]
    every = list(report.rows(found))
    for axis in AXES:
        if not (curve := points(found, axis)):
            continue
        names = {f"{axis} {value}": str(value) for value, _ in curve}
        body = [
            [names[row["case"]], *report.cells(row, "rates")[2:3], *report.cells(row, "rates")[4:]]
            for row in every
            if row["case"] in names
        ]
        headings = [axis, f"{LABELS[axis]}, median [rounds]", *report.HEADINGS[4:]]
        lines += ["", *report.table(headings, body)]
        if axis == "members":
            lines += ["", f"Full at {full_at(curve)} members: 90 % of the best rate."]
    return "\n".join([*lines, "", *(f"- {word}" for word in found["words"])]).rstrip() + "\n"
