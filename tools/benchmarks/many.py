"""metrics.json of large test sets, by the numbers of clips: `python tools/bench.py many`.

Scores and labels are drawn: half of the test clips hold an abnormal half, scores are alike over
about ten frames. All parts are computed that a run without maps and baselines has, with intervals,
all thresholds, and the rate that the run's rule is expected to have on held-out clips. Each size is
a process of its own, whose largest resident memory is given.

`--stream=1000000` draws so many clips of 200 frames one after another and evaluates them as a
stream (`vadjax.evaluate_stream`): exact figures and an interval, frames sorted on disk.
"""

import multiprocessing
import resource
import time

import numpy as np

from tools.benchmarks.report import table

# Test clips, frames of each, held-out clips: as UCSD Ped2 and ShanghaiTech, and larger.
SIZES = ((12, 167, 16), (107, 381, 330), (1_000, 1_000, 500), (10_000, 200, 2_000))
SAME_FRAMES = 10  # over which scores are alike


def run(sizes=SIZES) -> list[tuple]:
    """Evaluate test sets of several sizes.

    Args:
        sizes: test clips, frames of each clip, held-out clips.

    Returns:
        The three numbers, seconds by the clock, bytes, and seconds of the processor, which other
        processes of a busy machine change least.
    """
    found = []
    for size in sizes:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append((*size, *pool.apply(_measured, size)))
        num, frames, held, seconds, _, spent = found[-1]
        print(
            f"{num} test clips of {frames} frames, {held} held out: {seconds:.1f} s, of the "
            f"processor {spent:.1f} s",
            flush=True,
        )
    return found


def _measured(num: int, frames: int, held_out: int) -> tuple[float, int, float]:
    from tests.evaluation.cases import CONTEXT
    from vadjax.data.scored_video import ScoredVideo
    from vadjax.evaluation.evaluate import evaluate

    rng = np.random.default_rng(0)

    def clip(name: str, abnormal: bool) -> ScoredVideo:
        labels = np.zeros(frames, np.uint8)
        labels[frames // 4 : 3 * frames // 4] = abnormal
        noise = np.convolve(
            rng.normal(size=frames), np.full(SAME_FRAMES, SAME_FRAMES**-0.5), "same"
        )
        scores = (noise + rng.normal() / 2 + 1.5 * labels).astype(np.float32)
        return ScoredVideo(name, scores, labels=labels, fps=25.0)

    test = [clip(f"test/{number}", number % 2 == 1) for number in range(num)]
    calibration = [clip(f"train/{number}", False) for number in range(held_out)]
    start, spent = time.perf_counter(), time.process_time()
    evaluate(test, calibration=[calibration], context=CONTEXT)
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    return seconds, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, spent


def stream(num: int, frames: int = 200) -> tuple[float, float, int, dict]:
    """Evaluate clips that are drawn one after another, in a process of its own.

    Args:
        num: clips.
        frames: of each.

    Returns:
        Seconds in all, seconds of drawing alone, largest resident bytes, the figures.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_streamed, (num, frames))


def _streamed(num: int, frames: int) -> tuple[float, float, int, dict]:
    from vadjax.evaluation.streamed import evaluate_stream

    def clips():
        rng = np.random.default_rng(0)
        for number in range(num):
            labels = np.zeros(frames, np.uint8)
            labels[frames // 4 : 3 * frames // 4] = number % 2
            scores = rng.standard_normal(frames, np.float32) + rng.normal() + labels
            yield f"test/{number}", scores, labels

    start = time.perf_counter()
    for _ in clips():
        pass
    middle = time.perf_counter()
    figures = evaluate_stream(clips())
    seconds = time.perf_counter() - middle
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, middle - start, peak, figures


def stream_markdown(num: int, found: tuple[float, float, int, dict]) -> str:
    """Return a table of what `stream` gives."""
    seconds, drawing, size, figures = found
    low, high = figures["auc_micro_ci95"]
    cells = [f"{num:,}", f"{figures['frames']:,}", f"{seconds:.0f}", f"{drawing:.0f}"]
    cells += [f"{size / 1e6:,.0f} MB", f"{figures['auc_micro']:.6f} [{low:.6f}, {high:.6f}]"]
    head = ["test clips", "frames", "seconds", "of which drawing them", "largest memory"]
    return "\n".join(table([*head, "AUC, interval"], [cells])) + "\n"


def markdown(found: list[tuple]) -> str:
    """Return a table of what `run` gives."""
    head = ["test clips", "frames of each", "held-out clips", "seconds", "of the processor"]
    rows = []
    for num, frames, held, seconds, size, spent in found:
        sizes = [f"{number:,}" for number in (num, frames, held)]
        rows.append([*sizes, f"{seconds:.1f}", f"{spent:.1f}", f"{size / 1e6:,.0f} MB"])
    return "\n".join(table([*head, "largest memory"], rows)) + "\n"
