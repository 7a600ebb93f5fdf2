"""Videos -> arrays in the store, one video at a time whole or not at all.

Decoding, resizing and motion run in threads, a video each; the backbone runs on the devices
while they work. A run that is killed leaves whole videos behind and does only the others again.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from vadjax.backbones.backbone import Backbone
from vadjax.data.copies import origin
from vadjax.data.video import Video
from vadjax.errors import UserError, unknown
from vadjax.features.motion import MotionMeter
from vadjax.storage.features import FeatureStore


def features_spec(backbone: Backbone, *, tap: str) -> dict:
    """Return what the rows depend on: the store's fingerprint is made of it."""
    return {"backbone": backbone.spec(), "tap": tap, "rows": row_dtype(tap)}


def row_dtype(tap: str) -> str:
    """Return the dtype of stored rows: maps take half the space, pooled features stay exact."""
    return "float32" if tap == "features" else "float16"


class Extractor:
    """A backbone compiled over batches that are split over all local devices.

    On CPU each device takes its share by micro-batches, whose activations then stay in cache
    (docs/benchmarks.md). Elsewhere a device takes its share at once.

    Args:
        backbone: what `backbones.create` returned.
        tap: "features", rows [d] float32; "map" or another of `backbone.taps`, rows [h, w, c]
            float16.
        batch_size: images a call; rounded up to a multiple of the devices, and of their
            micro-batches.
        micro_batch: images that a device takes at a time; 0 takes the whole share at once.
    """

    def __init__(self, backbone: Backbone, *, tap: str, batch_size: int, micro_batch: int = 1):
        if tap not in (choices := ("features", *backbone.taps)):
            raise unknown(f"features.tap of {backbone.name}", tap, choices)
        devices = jax.local_device_count()
        self.backbone, self.tap = backbone, tap
        self.micro_batch = micro_batch if jax.default_backend() == "cpu" else 0
        unit = devices * (self.micro_batch or 1)
        self.batch_size = -(-batch_size // unit) * unit
        # Other axis types would want inputs that lie on the devices already.
        mesh = jax.make_mesh(
            (devices,), ("data",), axis_types=(AxisType.Auto,), devices=jax.local_devices()
        )
        split, whole = PartitionSpec("data"), PartitionSpec()
        self._placed = NamedSharding(mesh, split)
        self._variables = jax.device_put(backbone.prepared(), NamedSharding(mesh, whole))

        def run(variables, images):
            taps = () if tap in ("features", "map") else (tap,)
            outputs = backbone.apply(variables, images, taps=taps)
            return {**outputs, **outputs["taps"]}[tap].astype(row_dtype(tap))

        def share(variables, images):
            if not self.micro_batch:
                return run(variables, images)
            batches = images.reshape(-1, self.micro_batch, *images.shape[1:])
            rows = jax.lax.map(lambda batch: run(variables, batch), batches)
            return rows.reshape(-1, *rows.shape[2:])

        self._run = jax.jit(
            jax.shard_map(share, mesh=mesh, in_specs=(whole, split), out_specs=split)
        )

    def __call__(self, images: np.ndarray) -> jax.Array:
        """Launch uint8 images [batch_size, h, w(, c)]; return their rows without waiting."""
        return self._run(self._variables, jax.device_put(images, self._placed))


def share(videos: Sequence[Video], index: int, count: int) -> list[Video]:
    """Return the videos that process `index` of `count` extracts, in their order.

    The longest video first, each goes to the process that has the fewest frames until then.
    """
    frames, chosen = [0] * count, set()
    for place in sorted(range(len(videos)), key=lambda i: -len(videos[i].frames)):
        least = frames.index(min(frames))
        frames[least] += len(videos[place].frames)
        if least == index:
            chosen.add(place)
    return [video for place, video in enumerate(videos) if place in chosen]


def extract(
    videos: Sequence[Video],
    *,
    extractor: Extractor,
    store: FeatureStore,
    motion_store: FeatureStore | None = None,
    num_threads: int = 2,
    report: Callable[[dict], None] = lambda progress: None,
) -> dict:
    """Bring every video's features and motion measures into the stores.

    Args:
        videos: those wanted; videos that the stores hold already are passed over.
        extractor: the compiled feature network.
        store: where its rows go.
        motion_store: where rows of `vadjax.features.motion` go; None: motion is not measured.
        num_threads: videos that are decoded at a time.
        report: called with {"frames", "total", "frames_per_s"} as frames are done.

    Returns:
        {"videos", "frames", "seconds", "frames_per_s"} of what was done, not of what was there.

    Raises:
        UserError: a video cannot be read, or gives features that are not finite.
    """
    stores = [store] if motion_store is None else [store, motion_store]
    todo = [v for v in videos if not all(s.holds(v.id, v.fingerprint) for s in stores)]
    total = sum(len(v.frames) for v in todo)
    start = time.perf_counter()
    if not todo:
        return {"videos": 0, "frames": 0, "seconds": 0.0, "frames_per_s": None}
    done, in_flight = 0, None
    rows: dict[str, list[np.ndarray]] = {}

    def collect(item) -> None:
        nonlocal done
        video, count, ended, motion, result = item
        rows.setdefault(video.id, []).append(np.asarray(result)[:count])
        done += count
        if ended:
            features = np.concatenate(rows.pop(video.id))
            if not np.isfinite(features).all():
                raise UserError(
                    f"{video.id}: the {extractor.backbone.name} features hold NaN or infinity; "
                    "check the weights, or use features.dtype=float32."
                )
            seal: dict[str, Any] = {
                "video_fingerprint": video.fingerprint,
                "num_frames": len(video.frames),
            }
            if motion is not None and motion_store is not None:
                motion_store.write(video.id, motion, **seal)
            store.write(video.id, features, **seal, **origin(video))
        rate = done / (time.perf_counter() - start)
        report({"frames": done, "total": total, "frames_per_s": rate})

    def batches(video: Video) -> Iterator[tuple]:
        still = motion_store is None or motion_store.holds(video.id, video.fingerprint)
        return _batches(
            video,
            prepare=extractor.backbone.preprocess.reader(),
            batch_size=extractor.batch_size,
            meter=None if still else MotionMeter(),
        )

    with contextlib.closing(_decoded(todo, batches, num_threads)) as decoded:
        for video, images, count, ended, motion in decoded:
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


def images_of(
    videos: Sequence[Video], *, preprocess, batch_size: int, num_threads: int = 2
) -> Iterator[tuple[Video, np.ndarray, int]]:
    """Yield (video, images uint8 [batch_size, ...], how many of them are frames), decoded ahead.

    A video's batches come in their order, those of several videos between one another.
    """

    def batches(video: Video) -> Iterator[tuple]:
        return _batches(video, prepare=preprocess.reader(), batch_size=batch_size, meter=None)

    with contextlib.closing(_decoded(videos, batches, num_threads)) as decoded:
        for video, images, count, _, _ in decoded:
            yield video, images, count


def _decoded(
    videos: Sequence[Video], batches: Callable[[Video], Iterator[tuple]], num_threads: int
) -> Generator[tuple, None, None]:
    """Run `batches` on the videos in threads; yield (video, *batch) as they come."""
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    for video in videos:
        waiting.put(video)
    ready: queue.Queue = queue.Queue(maxsize=4 * num_threads)
    stop = threading.Event()

    def hand_over(item) -> None:
        while not stop.is_set():
            try:
                return ready.put(item, timeout=0.2)
            except queue.Full:
                continue

    def work() -> None:
        try:
            while not stop.is_set():
                try:
                    video = waiting.get_nowait()
                except queue.Empty:
                    return hand_over(None)
                for item in batches(video):
                    hand_over((video, *item))
                    if stop.is_set():
                        return
        except BaseException as error:
            hand_over(error)

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
    video: Video, *, prepare: Callable, batch_size: int, meter: MotionMeter | None
) -> Iterator[tuple[np.ndarray, int, bool, np.ndarray | None]]:
    """Decode one video.

    Yields:
        (images uint8 [batch_size, ...], how many of them are frames and not padding, whether the
        video ends with them, and then the meter's rows, if there is one).
    """
    batch, left = [], len(video.frames)
    for frame in video.frames:
        if meter is not None:
            meter.update(frame)
        batch.append(prepare(frame))
        left -= 1
        if len(batch) == batch_size or not left:
            count = len(batch)
            batch += [batch[-1]] * (batch_size - count)
            yield np.stack(batch), count, not left, meter.rows() if meter and not left else None
            batch = []
    if left:
        raise UserError(f"{video.id}: {left} frames fewer were decoded than were indexed.")
