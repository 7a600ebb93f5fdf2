"""Peak memory of every stage by the length of a video: `python tools/bench.py memory`.

Draws a test video of boxes that move, with a few loud moments, and a training video of another
length, extracts them by a small network with random weights and runs each stage, and `detect`, in a
process of its own. What is written is the largest resident memory of that process, which counts the
pages of memory-mapped files as well, the frames a second of the whole process, and how large the
pages are. A day at 30 frames a second is `--lengths=2592000`.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from tools.benchmarks.report import table

ROOT = pathlib.Path(__file__).parents[2]
LENGTHS = (10_000, 100_000)
STAGES = ("index", "extract", "train", "score", "evaluate", "explain", "report", "detect")
SIZE = (72, 96)  # of the frames, height and width
LARGER = 3  # times so large for a detector of what moves: it must be seen
FPS = 25
LOUD = 6  # moments in a test video, of LOUD_FRAMES each
LOUD_FRAMES = 60
INDEX = """
import pathlib, sys, types
from vadjax import data
folder = dict(name="folder", data_dir=sys.argv[1], masks_dir="", label_version="")
data.load(types.SimpleNamespace(**folder), cache_dir=pathlib.Path(sys.argv[2]))
"""


def frames(count: int, *, loud: bool, seed: int = 0, scale: int = 1) -> Iterator[np.ndarray]:
    """Draw the frames of a video.

    Args:
        count: of frames.
        loud: whether a large box crosses the picture at some moments.
        seed: of where the boxes are.
        scale: of frames, boxes and speeds.

    Yields:
        uint8 [h, w, 3] RGB.
    """
    height, width = SIZE
    rng = np.random.default_rng(seed)
    paths = rng.uniform((0, 8, 0.3), (width, height - 8, 1.1), (4, 3))  # x, y, pixels a frame
    spans = moments(count) if loud else []
    ground = rng.integers(90, 130, (height, width, 3), np.uint8)
    for index in range(count):
        frame = ground.copy()
        for x, y, speed in paths:
            left = int(x + speed * index) % (width + 10) - 10
            cv2.rectangle(frame, (left, int(y) - 4), (left + 8, int(y) + 4), (70, 20, 20), -1)
        if any(start <= index < stop for start, stop in spans):
            left = 9 * index % width
            cv2.rectangle(frame, (left, 10), (left + 30, height - 10), (20, 240, 240), -1)
        yield frame if scale == 1 else cv2.resize(frame, None, fx=scale, fy=scale)


def moments(count: int) -> list[tuple[int, int]]:
    """Return the half-open frames of the loud moments of a video of `count` frames."""
    starts = np.linspace(0, count, LOUD + 2)[1:-1].astype(int)
    return [(int(start), int(start) + LOUD_FRAMES) for start in starts]


def write_video(path: pathlib.Path, images: Iterator[np.ndarray], *, scale: int = 1) -> None:
    """Write frames as mp4.

    Args:
        path: of the file.
        images: uint8 [h, w, 3] RGB, `scale` times as large as `SIZE`.
        scale: of the frames.
    """
    code = cv2.VideoWriter.fourcc(*"mp4v")
    size = (scale * SIZE[1], scale * SIZE[0])
    writer = cv2.VideoWriter(os.fspath(path), cv2.CAP_FFMPEG, code, FPS, size)
    for image in images:
        writer.write(image[..., ::-1])
    writer.release()


def write_data(folder: pathlib.Path, *, test: int, train: int, scale: int = 1) -> None:
    """Write a data set of one test video and one training video.

    Args:
        folder: of `dataset.data_dir`; one that is there stays as it is.
        test: frames of the test video.
        train: frames of the training video, cut into four clips.
        scale: of the frames.
    """
    if (folder / "labels.csv").is_file():
        return
    for split in ("train", "test"):
        (folder / split).mkdir(parents=True, exist_ok=True)
    write_video(folder / "test" / "day.mp4", frames(test, loud=True, scale=scale), scale=scale)
    for part in range(4):
        clip = folder / "train" / f"part{part}.mp4"
        drawn = frames(train // 4, loud=False, seed=part + 1, scale=scale)
        write_video(clip, drawn, scale=scale)
    rows = [f"day,{start},{stop}" for start, stop in moments(test)]
    text = "\n".join(["video,start,stop", *rows]) + "\n"
    (folder / "labels.csv").write_text(text, encoding="utf-8")


def measured(
    command: Sequence[str], log: pathlib.Path, *, root: pathlib.Path = ROOT
) -> tuple[int, float]:
    """Run a command; return the largest resident memory of its process in bytes, and its seconds.

    Args:
        command: of vadjax.
        log: where its output is appended.
        root: of the vadjax that runs.

    Returns:
        Bytes and seconds.

    Raises:
        RuntimeError: it fails.
    """
    environment = {**os.environ, "PYTHONPATH": str(root)}
    start = time.perf_counter()
    with log.open("ab") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, cwd=root, env=environment)
        most = _watch(child)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}; see {log}")
    return most, time.perf_counter() - start


def _watch(child: subprocess.Popen) -> int:
    """Wait for a process; return the largest resident memory that the kernel has seen of it."""
    most, status = 0, pathlib.Path(f"/proc/{child.pid}/status")
    done = threading.Event()
    waiter = threading.Thread(target=lambda: (child.wait(), done.set()), daemon=True)
    waiter.start()
    while not done.wait(0.05):
        try:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        except OSError:
            continue
        most = max(most, 1024 * int(found[1])) if found else most
    return most


def run(
    lengths: Sequence[int] = LENGTHS,
    *,
    train: int = 4000,
    folder: pathlib.Path | None = None,
    backbone: str = "tf_efficientnet_lite0",
    side: int = 32,
    stages: Sequence[str] = STAGES,
    root: pathlib.Path = ROOT,
    config: str = "folder_lstm",
) -> dict[int, dict[str, tuple[int, float]]]:
    """Measure the stages.

    Args:
        lengths: frames of the test video, one run each.
        train: frames of the training videos.
        folder: where videos, cache and runs are kept; None is a temporary folder.
        backbone: of the features, with random weights.
        side: pixels of the network's input.
        stages: of `STAGES`, in their order.
        root: of the vadjax that is measured.
        config: a shipped one for a folder.

    Returns:
        Length -> stage -> (bytes, seconds).
    """
    with tempfile.TemporaryDirectory(prefix="vadjax-memory-") as temporary:
        kept = pathlib.Path(folder or temporary)
        kept.mkdir(parents=True, exist_ok=True)
        found: dict[int, dict[str, tuple[int, float]]] = {}
        for length in lengths:
            data = kept / f"data-{length}-{train}"
            print(f"{length} frames: drawing", flush=True)
            scale = LARGER if config == "folder_scene" else 1
            write_data(data, test=length, train=train, scale=scale)
            workdir = kept / f"run-{length}-{train}"
            shutil.rmtree(workdir, ignore_errors=True)
            found[length] = {}
            for stage in stages:
                command = _command(stage, kept, data, workdir, backbone, side, config)
                most, seconds = measured(command, kept / "log.txt", root=root)
                found[length][stage] = most, seconds
                rate = (length + train * (stage in ("index", "extract"))) / seconds
                size = sum(page.stat().st_size for page in [_page(stage, workdir)] if page)
                said = f", page {size / 1e6:.2f} MB" if size else ""
                print(
                    f"{length} frames, {stage}: {most / 1e6:.0f} MB, {seconds:.0f} s, "
                    f"{rate:.0f} frames/s, load {os.getloadavg()[0]:.0f}{said}",
                    flush=True,
                )
        return found


def _page(stage: str, workdir: pathlib.Path) -> pathlib.Path | None:
    """Return the page that a stage has written."""
    return {
        "report": workdir / "report.html",
        "detect": workdir / "detect" / "report.html",
    }.get(stage)


def _command(stage, kept, data, workdir, backbone, side, config) -> list[str]:
    if stage == "index":
        return [sys.executable, "-c", INDEX, str(data), str(kept / "cache")]
    if stage == "detect":
        where = [f"--workdir={workdir}", f"--out={workdir / 'detect'}"]
        return [sys.executable, "-m", "vadjax.detect", *where, str(data / "test" / "day.mp4")]
    flags = {
        "workdir": workdir,
        "stage": stage,
        "config.dataset.data_dir": data,
        "config.features.cache_dir": kept / "cache",
        "config.features.backbone": backbone,
        "config.features.weights": "random",
    }
    if config != "folder_scene":
        flags |= {
            "config.features.height": side,
            "config.features.width": side,
            "config.features.batch_size": 64,
            "config.model.units": "(16,)",
            "config.train.epochs": 2,
            "config.train.patience": 0,
        }
    words = [f"--{key}={value}" for key, value in flags.items()]
    return [sys.executable, "-m", "vadjax.main", f"--config=configs/{config}.py", *words]


def markdown(found: dict[int, dict[str, tuple[int, float]]]) -> str:
    """Return the peaks as a table: a row a stage, a column a length."""
    stages = list(dict.fromkeys(stage for row in found.values() for stage in row))
    head = ["stage", *(f"{length:,} frames" for length in found)]
    rows = [
        [
            stage,
            *(f"{row[stage][0] / 1e6:,.0f} MB" if stage in row else "" for row in found.values()),
        ]
        for stage in stages
    ]
    return "\n".join(table(head, rows)) + "\n"
