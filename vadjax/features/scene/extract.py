"""Videos of a fixed camera -> cells, windows and motion measures in the stores."""

import concurrent.futures
import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.motion import MotionMeter
from vadjax.features.scene.looks import Looks
from vadjax.features.scene.meter import Measured, SceneMeter
from vadjax.features.scene.reference import Reference
from vadjax.features.scene.rows import INPUTS, OBJECTS, window_rows
from vadjax.features.scene.seen_objects import ObjectMeter
from vadjax.features.stages import Busy, ahead, working
from vadjax.objects import ObjectDetector
from vadjax.storage.features import FeatureStore

CHUNK = 64  # frames whose windows are embedded at a time
AHEAD = 8  # frames that wait between two threads
FPS = 10.0  # where no video says its own


def usual_fps(videos: Iterable[Video]) -> float:
    """Return the median frame rate of those that say theirs: that of a video that does not."""
    rates = [video.fps for video in videos if video.fps]
    return float(np.median(rates)) if rates else FPS


def measure_scene(
    videos: Sequence[Video],
    *,
    reference: Reference,
    looks: Looks,
    stores: Mapping[str, FeatureStore],
    objects: ObjectDetector | None = None,
    motion_store: FeatureStore | None = None,
    fps: float = FPS,
    num_threads: int = 2,
    report: Callable[[dict], None] = lambda progress: None,
    busy: Busy | None = None,
) -> dict:
    """Measure every video that a store lacks, decoding each once.

    Frames are decoded, measured and embedded in three threads a video, each ahead of the next.

    Args:
        videos: those wanted.
        reference: of their camera.
        looks: embeds their windows.
        stores: of each of `INPUTS`, and of `OBJECTS` where there is an object detector.
        objects: what names objects; None: they are not measured.
        motion_store: where rows of `features.motion` go; None: motion is not measured.
        fps: frames a second of a video that does not say its own.
        num_threads: videos at a time.
        report: called with {"frames", "total"} as frames are done.
        busy: counts how long each of these works; None: nothing is counted.

    Returns:
        {"frames", "seconds", "frames_per_s"} of what was done.

    Raises:
        UserError: a video cannot be read, or is of another size.
    """
    missing = [
        v
        for v in videos
        if not all(_holds(store, v, v.fps or fps) for store in stores.values())
        or (motion_store is not None and not motion_store.holds(v))
    ]
    total, done, start = sum(len(v.frames) for v in missing), 0, time.perf_counter()
    lock = threading.Lock()

    def advance(count: int) -> None:
        nonlocal done
        with lock:
            done += count
            report({"frames": done, "total": total})

    def measure(video: Video) -> None:
        motion = None
        if motion_store is not None and not motion_store.holds(video):
            motion = MotionMeter()
        meter = SceneMeter(reference, video.fps or fps)
        seen = ObjectMeter(objects, reference, meter.fps) if objects is not None else None
        _measure(video, meter, looks, seen, stores, motion, advance, busy)
        if motion is not None and motion_store is not None:
            motion_store.write(video, motion.rows())

    with concurrent.futures.ThreadPoolExecutor(max(1, num_threads)) as pool:
        list(pool.map(measure, missing))
    seconds = time.perf_counter() - start
    rate = total / seconds if total else None
    return {"frames": total, "seconds": seconds, "frames_per_s": rate}


def _holds(store: FeatureStore, video: Video, fps: float) -> bool:
    """Return whether rows are stored, measured at this frame rate (`--fps` may change it)."""
    return store.holds(video) and store.meta(video).get("fps", fps) == fps


def _measure(
    video: Video,
    meter: SceneMeter,
    looks: Looks,
    objects: ObjectMeter | None,
    stores: Mapping[str, FeatureStore],
    motion: MotionMeter | None,
    advance: Callable[[int], None],
    busy: Busy | None,
) -> None:
    def moving(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for frame in frames:
            if motion is not None:
                with working(busy, "motion"):
                    motion.update(frame)
            yield frame

    with contextlib.ExitStack() as opened:
        decoded = ahead(video.frames, depth=AHEAD, busy=busy, stage="decode")
        opened.callback(decoded.close)
        frames = decoded if motion is None else ahead(moving(decoded), depth=AHEAD)
        opened.callback(frames.close)
        append = {
            name: opened.enter_context(store.writing(video, fps=meter.fps))
            for name, store in stores.items()
        }
        try:
            for rows in measured_rows(frames, meter=meter, looks=looks, objects=objects, busy=busy):
                for name, values in zip((*INPUTS, OBJECTS), rows, strict=False):
                    append[name](values)
                advance(len(rows[0]))
        except UserError as error:
            raise UserError(f"{video.id}: {error}") from None


def measured_rows(
    frames: Iterable[np.ndarray],
    *,
    meter: SceneMeter,
    looks: Looks,
    objects: ObjectMeter | None = None,
    busy: Busy | None = None,
) -> Iterator[tuple[np.ndarray, ...]]:
    """Measure frames in order, without a store, some ahead of those that are embedded.

    Args:
        frames: uint8 [h, w] or [h, w, 3] each, of one video.
        meter: new, of its camera.
        looks: embeds windows.
        objects: new, of the same video; None: objects are not measured.
        busy: see `measure_scene`.

    Yields:
        Of up to `CHUNK` frames the rows of each of `INPUTS`, and of `OBJECTS` where measured.
    """

    def measured() -> Iterator[tuple[list[np.ndarray], list[Measured]]]:
        remaining = iter(frames)
        while taken := [*itertools.islice(remaining, CHUNK)]:
            with working(busy, "measure"):
                chunk = [meter.update(frame) for frame in taken]
            yield (taken if objects is not None else []), chunk

    with contextlib.closing(ahead(measured(), depth=1)) as chunks:
        for taken, chunk in chunks:
            with working(busy, "embed"):
                crops = [frame.crops for frame in chunk if len(frame.crops)]
                found = looks(np.concatenate(crops)) if crops else looks.none()
                more = () if objects is None else (objects.update(taken),)
                rows = np.stack([frame.cells for frame in chunk]), window_rows(chunk, found)
            yield *rows, *more
