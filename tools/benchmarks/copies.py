"""Seconds and memory of the search for copies: `python tools/bench.py copies`.

What the frames of the clips show is drawn, not decoded: a grid of grey levels on which four spots
move, as a fixed camera sees it, and a hash a frame. Half of the clips are test clips. Two copies
are put in, an equal and an altered one, and must be found. Then one long clip on either side: what
the search holds at most by the length of it, where a short clip has a mirrored stretch of it.
"""

import resource
import time
import tracemalloc
from collections.abc import Mapping

import numpy as np

from tools.benchmarks.report import table
from vadjax.data.frames.content import GRID, ROW
from vadjax.data.leakage.copy_search import find_copies
from vadjax.data.leakage.variants import mirrored

FRAMES = 200  # of a clip
SPOTS = 4


def draw(seed: int, ground: np.ndarray, frames: int = FRAMES) -> np.ndarray:
    """Draw what the frames of a clip show.

    Args:
        seed: of the spots.
        ground: [GRID, GRID] grey levels behind them.
        frames: of the clip.

    Returns:
        `content.ROW` [frames].
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:GRID, :GRID]
    time_ = np.arange(frames)[:, None, None]
    grid = np.repeat(ground[None].astype(np.float64), frames, 0)
    for _ in range(SPOTS):
        (top, left), (down, right) = rng.uniform(0, GRID, 2), rng.normal(0, 0.15, 2)
        size, level = rng.uniform(0.6, 1.5), rng.normal(0, 60)
        away = (y - (top + down * time_) % GRID) ** 2 + (x - (left + right * time_) % GRID) ** 2
        grid += level * np.exp(-away / (2 * size**2))
    rows = np.zeros(frames, ROW)
    rows["grid"] = np.clip(grid + rng.normal(0, 0.4, grid.shape), 0, 255).reshape(frames, -1)
    rows["hash"] = rng.integers(-(2**62), 2**62, frames)
    return rows


def clips(count: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Draw clips of one camera, with an equal and an altered copy among them.

    Args:
        count: of clips, from 4 on.

    Returns:
        id -> `content.ROW` [t] of the test clips and of the others.
    """
    ground = np.random.default_rng(0).integers(90, 130, (GRID, GRID))
    drawn = [draw(seed, ground) for seed in range(1, count + 1)]
    tests = {f"test/{i}": rows for i, rows in enumerate(drawn[::2])}
    used = {f"train/{i}": rows for i, rows in enumerate(drawn[1::2])}
    tests["test/0"][50:120] = used["train/1"][20:90]
    darker = 0.9 * used["train/0"]["grid"][40:160] + 8
    tests["test/1"]["grid"][30:150] = darker.astype(np.uint8)
    return tests, used


def run(counts: tuple[int, ...] = (100, 1000)) -> dict[int, dict[str, float]]:
    """Time the search.

    Args:
        counts: of clips, one search each, ascending.

    Returns:
        Count -> seconds, megabytes (resident, most so far), copies found.

    Raises:
        RuntimeError: a copy that was put in is not found.
    """
    found = {}
    for count in counts:
        tests, used = clips(count)
        before, start = _peak_mb(), time.perf_counter()
        copies = find_copies(tests, used)
        seconds = time.perf_counter() - start
        pairs = {(copy.video, copy.other, copy.kind) for copy in copies}
        if not {("test/0", "train/1", "equal"), ("test/1", "train/0", "altered")} <= pairs:
            raise RuntimeError(f"copies that were put in are not found: {copies}")
        found[count] = {"seconds": seconds, "before": before, "peak": _peak_mb(), "n": len(copies)}
    return found


def long(lengths: tuple[int, ...] = (10_000, 40_000)) -> dict[int, dict[str, float]]:
    """Measure what the search holds of a long clip, by tracemalloc; the clips are not counted.

    Args:
        lengths: frames of the long clip.

    Returns:
        Length -> megabytes where the long clip is the used one, and where it is the test clip.

    Raises:
        RuntimeError: the mirrored stretch is not found.
    """
    ground, found = np.random.default_rng(0).integers(90, 130, (GRID, GRID)), {}
    for frames in lengths:
        day, short = draw(1, ground, frames), draw(2, ground, 1000)
        short["grid"][200:600] = mirrored(day[3000:3400])["grid"]
        sides = {"used": ({"short": short}, {"day": day}), "test": ({"day": day}, {"short": short})}
        found[frames] = {}
        for name, pair in sides.items():
            tracemalloc.start()
            copies = find_copies(*pair)
            found[frames][name] = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            if not copies:
                raise RuntimeError(f"the mirrored stretch of {frames} frames is not found")
    return found


def long_markdown(found: Mapping[int, Mapping[str, float]]) -> str:
    """Return a row for each length of a long clip."""
    head = ["frames of the long clip", "used clip, MB", "test clip, MB"]
    rows = [[f"{n:,}", f"{row['used']:.0f}", f"{row['test']:.0f}"] for n, row in found.items()]
    return "\n".join(table(head, rows)) + "\n"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def markdown(found: Mapping[int, Mapping[str, float]]) -> str:
    """Return a row for each number of clips."""
    head = ["clips", "s", "resident before, MB", "peak, MB", "copies found"]
    rows = [
        [f"{count:,}", f"{row['seconds']:.1f}", *(f"{row[k]:.0f}" for k in ("before", "peak", "n"))]
        for count, row in found.items()
    ]
    return "\n".join(table(head, rows)) + "\n"
