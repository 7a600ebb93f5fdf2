"""Many short clips: `python tools/bench.py clips --clips=100000`.

Clips of 16 frames of 64x48, and what each frame shows (`data.frames.content`), are drawn when they
are read; one in ten is a test clip. Their rows, the mean grey of 8 x 8 pixels, go through the
feature store, as extraction writes them; then the stages that look at all clips at once: the plan
(folds, and the windows of each), all rows read back, and the leakage audit with its search for
copies. Each has its seconds by the clock and of the processor, and the largest
resident memory of the process so far.
"""

import pathlib
import resource
import tempfile
import time
from collections.abc import Iterator

import numpy as np

from tools.benchmarks.report import table
from vadjax.data.frames.content import GRID, ROW
from vadjax.data.frames.on_demand import Frames
from vadjax.data.leakage.audit_folds import audit_folds, copies_of
from vadjax.data.splits.folds import make_folds
from vadjax.data.video import Dataset, Video
from vadjax.storage.features import FeatureStore

FRAMES, SIZE = 16, (48, 64)  # of a clip; height and width
TEST = 10  # one clip in so many is a test clip
WINDOW = 8  # frames


class Drawn(Frames):
    """A noisy ground before which a square moves."""

    def __init__(self, seed: int):
        super().__init__(FRAMES, size=SIZE, files=())
        self._seed = seed

    def __iter__(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self._seed)
        ground = rng.integers(60, 190, SIZE, np.uint8)
        top, left = rng.integers(0, 40, 2)
        for index in range(FRAMES):
            frame = ground.copy()
            frame[top : top + 8, (left + index) % 56 : (left + index) % 56 + 8] = 255
            yield frame

    def _read(self, index: int) -> np.ndarray:
        return list(self)[index]


def _clip(number: int) -> Video:
    split = "train" if number % TEST else "test"
    content = np.zeros(FRAMES, ROW)
    rng = np.random.default_rng(number)
    grid = rng.integers(60, 190, GRID * GRID, np.uint8)
    content["grid"] = grid
    content["grid"][np.arange(FRAMES), rng.integers(0, GRID * GRID) - np.arange(FRAMES)] = 255
    content["hash"] = rng.integers(-(2**62), 2**62, FRAMES)
    labels = (np.arange(FRAMES) >= FRAMES // 2).astype(np.uint8) if split == "test" else None
    return Video(
        f"{split}/{number:07d}",
        split,
        Drawn(number),
        fps=25.0,
        labels=labels,
        fingerprint=str(number),
        content=content,
    )


def _rows(video: Video) -> np.ndarray:
    frames = np.stack([*video.frames]).astype(np.float32)
    return frames.reshape(FRAMES, SIZE[0] // 8, 8, SIZE[1] // 8, 8).mean((2, 4)).reshape(FRAMES, -1)


def run(count: int = 100_000) -> list[tuple[str, float, float, float]]:
    """Time each part.

    Args:
        count: of clips.

    Returns:
        (part, seconds, of the processor, MB of the process so far) in their order.

    Raises:
        RuntimeError: rows that are read back are not those that were written.
    """
    found, start, used = [], time.perf_counter(), time.process_time()

    def done(part: str) -> None:
        nonlocal start, used
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds, cpu = time.perf_counter() - start, time.process_time() - used
        found.append((part, seconds, cpu, most))
        print(f"{part}: {seconds:.1f} s, {cpu:.1f} of the processor, {most:.0f} MB", flush=True)
        start, used = time.perf_counter(), time.process_time()

    videos = [_clip(number) for number in range(count)]
    sides = {split: tuple(v for v in videos if v.split == split) for split in ("train", "test")}
    dataset = Dataset("drawn", "drawn", None, sides["train"], sides["test"], {}, ())
    done("drawing what frames show")
    with tempfile.TemporaryDirectory(prefix="vadjax-clips-") as folder:
        store = FeatureStore(pathlib.Path(folder), {"rows": "grey"})
        for video in videos:
            if not store.holds(video):
                store.write(video, _rows(video))
        done("drawing frames, rows into the store")
        folds = make_folds(
            dataset,
            protocol="one_class",
            holdout=0.2,
            num_folds=1,
            stride=1,
            seed=0,
            length=WINDOW,
            dilation=1,
        )
        done("folds and windows")
        again = FeatureStore(pathlib.Path(folder), {"rows": "grey"})
        total = sum(float(again.read(video).sum(dtype=np.float64)) for video in videos)
        done("rows from the store")
        files = sum(1 for path in pathlib.Path(folder).rglob("*") if path.is_file())
    some = videos[:: max(1, count // 100)]
    if not np.isfinite(total) or any(len(_rows(video)) != FRAMES for video in some):
        raise RuntimeError("rows are damaged")
    leakage = audit_folds(
        folds,
        videos,
        length=WINDOW,
        dilation=1,
        stride=1,
        copies=copies_of(folds, videos),
    )
    done("audit")
    print(f"{files:,} files in the store; {leakage['test_windows']:,} test windows, ", end="")
    print(leakage["verdict"])
    return found


def markdown(count: int, found: list[tuple[str, float, float, float]]) -> str:
    """Return a row for each part of so many clips."""
    whole = [sum(row[i] for row in found) for i in (1, 2)]
    lines = [*found, ("all", *whole, max(row[-1] for row in found))]
    rows = [[part, f"{s:.1f}", f"{cpu:.1f}", f"{most:.0f}"] for part, s, cpu, most in lines]
    head = [f"{count:,} clips", "s", "of the processor", "MB, largest so far"]
    return "\n".join(table(head, rows)) + "\n"
