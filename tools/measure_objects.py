"""Processor time of a frame in NanoDet-g, resizing and suppression included.

    VADJAX_NANODET=FILE VADJAX_PED2=FOLDER taskset -c 0 python tools/measure_objects.py

FOLDER holds testing/frames/02/*.jpg. XLA has one thread; the time is that of the process, so that
other work on the machine counts less than it does on a clock.
"""

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
    folder = pathlib.Path(os.environ["VADJAX_PED2"]) / "testing" / "frames" / "02"
    frames = [cv2.imread(str(path))[..., ::-1] for path in sorted(folder.glob("*.jpg"))[:30]]
    for size in ((320, 320), (256, 384), (416, 416)):
        detector = objects.create(os.environ["VADJAX_NANODET"], size=size)
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
