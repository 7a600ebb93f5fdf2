"""Motion measures of videos into the store, where no backbone runs."""

import concurrent.futures
import time
from collections.abc import Callable, Sequence

from vadjax.data.video import Video
from vadjax.features.motion import MotionMeter
from vadjax.storage.features import FeatureStore


def measure_motion(
    videos: Sequence[Video],
    *,
    store: FeatureStore,
    num_threads: int = 2,
    report: Callable[[dict], None] = lambda progress: None,
) -> dict:
    """Measure the motion of every video that the store does not hold.

    Args:
        videos: those wanted.
        store: where rows of `features.motion` go.
        num_threads: videos that are decoded at a time.
        report: called with {"frames", "total"} as videos are done.

    Returns:
        {"frames", "seconds", "frames_per_s"} of what was done.

    Raises:
        UserError: a video cannot be read.
    """
    missing = [v for v in videos if not store.holds(v)]
    total, done, start = sum(len(v.frames) for v in missing), 0, time.perf_counter()

    def measure(video: Video) -> int:
        meter = MotionMeter()
        for frame in video.frames:
            meter.update(frame)
        store.write(video, meter.rows())
        return len(video.frames)

    with concurrent.futures.ThreadPoolExecutor(max(1, num_threads)) as pool:
        for count in pool.map(measure, missing):
            done += count
            report({"frames": done, "total": total})
    seconds = time.perf_counter() - start
    rate = total / seconds if total else None
    return {"frames": total, "seconds": seconds, "frames_per_s": rate}
