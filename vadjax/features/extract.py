"""Videos -> arrays in the store, one video at a time whole or not at all.

Decoding, resizing and motion run in threads, a video each; the backbone runs on the devices
while they work. A run that is killed leaves whole videos behind and does only the others again.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from vadjax.backbones import Backbone
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.motion import MotionMeter
from vadjax.storage.features import FeatureStore


def features_spec(backbone: Backbone, *, tap: str, dtype: str) -> dict:
    """Return what the rows depend on: the fingerprint of the store (DESIGN, feature store)."""
    return {
        "backbone": backbone.name,
        "weights": backbone.weights_sha256,
        "preprocess": backbone.preprocess.spec(),
        "tap": tap,
        "dtype": dtype,
    }


def make_extract_fn(backbone: Backbone, *, tap: str) -> Callable[[np.ndarray], jax.Array]:
    """Compile the backbone over a batch that is split over all local devices.

    On CPU each device takes its share one image at a time: a whole image's activations stay in
    cache (docs/benchmarks.md). Elsewhere a device takes its share at once.

    Args:
      backbone: what `backbones.create` returned.
      tap: "features" (pooled) or "map".

    Returns:
      A function of uint8 [b, h, w] or [b, h, w, c], b a multiple of the number of devices, that
      returns float32 [b, ...] without waiting for it.
    """
    mesh = jax.make_mesh((jax.local_device_count(),), ("data",))
    one_by_one = jax.default_backend() == "cpu"
    out_dtype = jnp.float16 if tap == "map" else jnp.float32

    def share(variables, images):
        def run(x):
            return backbone.apply(variables, x)[tap].astype(out_dtype)

        if one_by_one:
            return jax.lax.map(lambda x: run(x[None])[0], images)
        return run(images)

    split, whole = PartitionSpec("data"), PartitionSpec()
    sharded = jax.jit(jax.shard_map(share, mesh=mesh, in_specs=(whole, split), out_specs=split))
    variables = jax.device_put(backbone.variables, NamedSharding(mesh, whole))
    placed = NamedSharding(mesh, split)
    return lambda images: sharded(variables, jax.device_put(images, placed))


def extract(
    videos: Sequence[Video],
    *,
    backbone: Backbone,
    store: FeatureStore,
    motion_store: FeatureStore,
    tap: str = "features",
    batch_size: int = 16,
    num_threads: int = 2,
    report: Callable[[dict], None] = lambda progress: None,
) -> dict:
    """Bring every video's features and motion measures into the stores.

    Args:
      videos: those wanted; videos that the stores hold already are passed over.
      backbone: the feature network.
      store: where rows of `tap` go.
      motion_store: where rows of `vadjax.features.motion` go.
      tap: "features" [t, d] float32, or "map" [t, h, w, c] float16.
      batch_size: frames a call, rounded up to a multiple of the devices.
      num_threads: videos that are decoded at a time.
      report: called with {"frames", "total", "frames_per_s"} as frames are done.

    Returns:
      {"videos", "frames", "seconds", "frames_per_s"} of what was done, not of what was there.

    Raises:
      UserError: a video cannot be read, or gives features that are not finite.
    """
    todo = [
        v
        for v in videos
        if not (
            store.holds(v.id, v.fingerprint) and motion_store.holds(v.id, v.fingerprint)
        )
    ]
    total = sum(len(v.frames) for v in todo)
    start = time.perf_counter()
    if not todo:
        return {"videos": 0, "frames": 0, "seconds": 0.0, "frames_per_s": None}
    devices = jax.local_device_count()
    batch_size = -(-batch_size // devices) * devices
    run = make_extract_fn(backbone, tap=tap)
    done, rows, in_flight = 0, {}, None

    def collect(item) -> None:
        nonlocal done
        video, count, motion, result = item
        rows.setdefault(video.id, []).append(np.asarray(result)[:count])
        done += count
        if motion is not None:
            features = np.concatenate(rows.pop(video.id))
            if not np.isfinite(features).all():
                raise UserError(
                    f"{video.id}: the {backbone.name} features hold NaN or infinity; "
                    "check the weights, or use features.dtype=float32."
                )
            seal = {"video_fingerprint": video.fingerprint, "num_frames": len(video.frames)}
            motion_store.write(video.id, motion, **seal)
            store.write(video.id, features, **seal)
        rate = done / (time.perf_counter() - start)
        report({"frames": done, "total": total, "frames_per_s": rate})

    for video, images, count, motion in _decoded(todo, backbone, batch_size, num_threads):
        launched = (video, count, motion, run(images))
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


def _decoded(
    videos: Sequence[Video], backbone: Backbone, batch_size: int, num_threads: int
) -> Iterator[tuple[Video, np.ndarray, int, np.ndarray | None]]:
    """Yield (video, images [batch_size, ...] uint8, real frames in it, motion rows at the end)."""
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
                for item in _batches(video, backbone, batch_size):
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
    video: Video, backbone: Backbone, batch_size: int
) -> Iterator[tuple[np.ndarray, int, np.ndarray | None]]:
    """Decode one video: (images padded to `batch_size`, real frames, motion with the last)."""
    meter, batch, left = MotionMeter(), [], len(video.frames)
    for frame in video.frames:
        meter.update(frame)
        batch.append(backbone.preprocess(frame))
        left -= 1
        if len(batch) == batch_size or not left:
            count = len(batch)
            batch += [batch[-1]] * (batch_size - count)
            yield np.stack(batch), count, None if left else meter.rows()
            batch = []
    if left:
        raise UserError(f"{video.id}: {left} frames fewer were decoded than were indexed.")
