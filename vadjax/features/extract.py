"""Extraction: videos -> feature arrays in the store, where a video is complete or absent.

Decoding runs in one thread a video, resizing and motion in another, and the backbone on the
devices; some videos at a time. After a run that was killed, only the videos that are not in the
store are extracted again.
"""

import contextlib
import heapq
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

import numpy as np

from vadjax.data.splits.copies import origin
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.extractor import Extractor, check_finite
from vadjax.features.motion import MotionMeter
from vadjax.features.stages import Busy, ahead, hand_over, working
from vadjax.storage.features import FeatureStore

STAGES = ("decode", "motion", "resize", "network")


def share(videos: Sequence[Video], index: int, count: int) -> list[Video]:
    """Return the videos that process `index` of `count` extracts, in their order.

    The longest video first, each is given to the process that has the fewest frames so far.

    Args:
        videos: all of them, in the same order in every process.
        index: of the process.
        count: of processes.

    Returns:
        The videos of this process.
    """
    return [videos[number] for number in shares([len(v.frames) for v in videos], count)[index]]


def shares(sizes: Sequence[int], count: int) -> list[list[int]]:
    """Divide things into parts of about the same size.

    The largest first, each goes to the part that is the smallest so far.

    >>> shares([5, 1, 2, 3], 2)
    [[0], [1, 2, 3]]

    Args:
        sizes: of each thing.
        count: of parts.

    Returns:
        The numbers of the things of each part, ascending; parts may be empty.
    """
    parts: list[list[int]] = [[] for _ in range(count)]
    least = [(0, index) for index in range(count)]
    for number in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        size, index = heapq.heappop(least)
        parts[index].append(number)
        heapq.heappush(least, (size + sizes[number], index))
    return [sorted(part) for part in parts]


def extract(
    videos: Sequence[Video],
    *,
    extractor: Extractor,
    stores: Mapping[str, FeatureStore],
    motion_store: FeatureStore | None = None,
    num_threads: int = 2,
    report: Callable[[dict], None] = lambda progress: None,
    busy: Busy | None = None,
) -> dict:
    """Extract every video's features and motion measures into the stores, decoding each once.

    Args:
        videos: those wanted; videos that all stores hold already are skipped.
        extractor: the compiled feature network.
        stores: the store for the rows of each of the extractor's taps.
        motion_store: where rows of `vadjax.features.motion` go; None: motion is not measured.
        num_threads: videos that are decoded at a time.
        report: called with {"frames", "total", "frames_per_s"} as frames are done.
        busy: counts how long each of `STAGES` works; None: nothing is counted. What the devices do
            while the next frames are waited for is not counted, so that network is at least that.

    Returns:
        {"videos", "frames", "seconds", "frames_per_s"} of what was done, not of what was there.

    Raises:
        UserError: a video cannot be read, or gives features that are not finite.
    """
    wanted = [*stores.values(), *([motion_store] if motion_store else [])]
    todo = [v for v in videos if not all(store.holds(v) for store in wanted)]
    total = sum(len(v.frames) for v in todo)
    start = time.perf_counter()
    if not todo:
        return {"videos": 0, "frames": 0, "seconds": 0.0, "frames_per_s": None}
    done, in_flight = 0, None
    writers: dict[str, _Writers] = {}

    def collect(item) -> None:
        nonlocal done
        video, count, ended, motion, result = item
        if video.id not in writers:
            writers[video.id] = under_way.enter_context(_Writers(video, stores))
        with working(busy, "network"):
            batch = {tap: np.asarray(result[tap])[:count] for tap in stores}
        for array in batch.values():
            check_finite(array, what=video.id, backbone=extractor.backbone)
        writers[video.id].append(batch)
        done += count
        if ended:
            if motion is not None and motion_store is not None:
                motion_store.write(video, motion)
            writers.pop(video.id).close()
        rate = done / (time.perf_counter() - start)
        report({"frames": done, "total": total, "frames_per_s": rate})

    def batches(video: Video) -> Iterator[tuple]:
        still = motion_store is None or motion_store.holds(video)
        return _batches(
            video,
            prepare=extractor.backbone.preprocess.reader(),
            batch_size=extractor.batch_size,
            meter=None if still else MotionMeter(),
            busy=busy,
        )

    with (
        contextlib.ExitStack() as under_way,
        contextlib.closing(_decoded(todo, batches, num_threads)) as decoded,
    ):
        for video, images, count, ended, motion in decoded:
            with working(busy, "network"):
                launched = (video, count, ended, motion, extractor(images))
            if in_flight is not None:
                collect(in_flight)
            in_flight = launched
        collect(in_flight)
    seconds = time.perf_counter() - start
    return {
        "videos": len(todo),
        "frames": total,
        "seconds": seconds,
        "frames_per_s": total / seconds,
    }


class _Writers(contextlib.ExitStack):
    """The files of one video's rows, one a tap that its store does not hold yet."""

    def __init__(self, video: Video, stores: Mapping[str, FeatureStore]):
        super().__init__()
        self._append = {
            tap: self.enter_context(store.writing(video, **origin(video)))
            for tap, store in stores.items()
            if not store.holds(video)
        }

    def append(self, batch: Mapping[str, np.ndarray]) -> None:
        """Write the next rows of each tap."""
        for tap, append in self._append.items():
            append(batch[tap])


def images_of(
    videos: Sequence[Video], *, preprocess, batch_size: int, num_threads: int = 2
) -> Iterator[tuple[Video, np.ndarray, int]]:
    """Decode and preprocess videos ahead of the caller, without a network.

    Args:
        videos: to decode.
        preprocess: of the backbone.
        batch_size: images a batch.
        num_threads: videos that are decoded at a time.

    Yields:
        (video, images uint8 [batch_size, ...], number of images that are frames and not padding).
        The batches of one video are in order; those of several videos alternate.

    Raises:
        UserError: a video cannot be read.
    """

    def batches(video: Video) -> Iterator[tuple]:
        return _batches(video, prepare=preprocess.reader(), batch_size=batch_size, meter=None)

    with contextlib.closing(_decoded(videos, batches, num_threads)) as decoded:
        for video, images, count, _, _ in decoded:
            yield video, images, count


def _decoded(
    videos: Sequence[Video], batches: Callable[[Video], Iterator[tuple]], num_threads: int
) -> Generator[tuple, None, None]:
    """Run `batches` on the videos in threads; yield (video, *batch) as each is ready."""
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    for video in videos:
        waiting.put(video)
    ready: queue.Queue = queue.Queue(maxsize=4 * num_threads)
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                try:
                    video = waiting.get_nowait()
                except queue.Empty:
                    return hand_over(ready, None, stop)
                for item in batches(video):
                    hand_over(ready, (video, *item), stop)
                    if stop.is_set():
                        return
        except BaseException as error:
            hand_over(ready, error, stop)

    num_threads = max(1, min(num_threads, len(videos)))
    threads = [threading.Thread(target=work, daemon=True) for _ in range(num_threads)]
    for thread in threads:
        thread.start()
    try:
        working = num_threads
        while working:
            item = ready.get()
            if item is None:
                working -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _batches(
    video: Video,
    *,
    prepare: Callable,
    batch_size: int,
    meter: MotionMeter | None,
    busy: Busy | None = None,
) -> Iterator[tuple[np.ndarray, int, bool, np.ndarray | None]]:
    """Decode one video.

    Yields:
        (images uint8 [batch_size, ...], number of images that are frames and not padding, whether
        the video ends with them, and then the rows of the meter, if there is one).
    """
    batch, left = [], len(video.frames)
    with contextlib.closing(ahead(video.frames, depth=8, busy=busy, stage="decode")) as frames:
        for frame in frames:
            if meter is not None:
                with working(busy, "motion"):
                    meter.update(frame)
            with working(busy, "resize"):
                batch.append(prepare(frame))
            left -= 1
            if len(batch) == batch_size or not left:
                count = len(batch)
                batch += [batch[-1]] * (batch_size - count)
                yield np.stack(batch), count, not left, meter.rows() if meter and not left else None
                batch = []
    if left:
        raise UserError(f"{video.id}: {left} fewer frames were decoded than the index has.")
