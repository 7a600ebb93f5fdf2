"""Processor time of a frame in NanoDet-g, resizing and suppression included.

    taskset -c 0 python tools/measure_objects.py --nanodet=FILE --ped2=FOLDER

FOLDER holds testing/frames/02/*.jpg. XLA has one thread; the time is that of the process, so that
other work on the machine counts less than it does on a clock.
"""

import argparse
import os
import pathlib
import statistics
import time

os.environ.setdefault("NPROC", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import cv2

from vadjax import objects

ROUNDS = 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nanodet", required=True, help="file of its weights")
    parser.add_argument("--ped2", required=True, help="folder of the data set")
    args = parser.parse_args()
    folder = pathlib.Path(args.ped2) / "testing" / "frames" / "02"
    frames = [cv2.imread(str(path))[..., ::-1] for path in sorted(folder.glob("*.jpg"))[:30]]
    for size in ((320, 320), (256, 384), (416, 416)):
        detector = objects.create(args.nanodet, size=size)
        start = time.process_time()
        detector.detect(frames[0])
        first, spent = time.process_time() - start, []
        for frame in frames * ROUNDS:
            start = time.process_time()
            detector.detect(frame)
            spent.append((time.process_time() - start) * 1e3)
        print(
            f"{size[0]} x {size[1]}: {min(spent):.0f} ms at best, "
            f"{statistics.median(spent):.0f} ms in the median; compiled in {first:.0f} s"
        )


if __name__ == "__main__":
    main()
