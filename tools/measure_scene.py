"""Frames a second of a trained detector on one video as it comes: decoding to score.

    taskset -c 0 python tools/measure_scene.py RUN VIDEO

RUN is the folder of a run, VIDEO a file or a folder of images. The first frames, which compile, are
not counted. Prints frames a second by the clock and by processor time, and the largest memory.
"""

import argparse
import itertools
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from vadjax import api, data

WARM_UP = 20  # frames


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("video")
    args = parser.parse_args()
    detector, video = api.Detector.load(args.run), data.open_video(args.video)
    stream, frames = detector.stream(), iter(video.frames)
    for frame in itertools.islice(frames, WARM_UP):
        stream.update(frame)
    clock, processor, count = time.perf_counter(), time.process_time(), 0
    for frame in frames:
        stream.update(frame)
        count += 1
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count} frames of {video.frames.shape[1]}x{video.frames.shape[0]}: "
        f"{count / clock:.1f} frames/s by the clock, {count / processor:.1f} by processor time, "
        f"{peak:.0f} MB at most"
    )


if __name__ == "__main__":
    main()
