"""A drawn miniature of UCF-Crime: its folders, names, lists and annotation, frames of noise.

Every class has a colour that fills the abnormal frames; a training video of a class shows it from
its first third on, a test video in the frames of its row. The lists are those of the authors.
"""

import pathlib

import cv2
import numpy as np

COLOURS = {"Abuse": (220, 30, 30), "Arson": (30, 200, 40), "Robbery": (40, 60, 220)}
FRAMES, HEIGHT, WIDTH = 36, 24, 32
TRAIN, TEST = range(1, 7), range(50, 52)
EVENT = (10, 30)  # of test videos, from 1, both ends included


def _write(path: pathlib.Path, colour, start: int, stop: int, seed: int) -> None:
    """Write grey noise, in frames start to stop - 1 mixed with a colour."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = cv2.VideoWriter_fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), codec, 30.0, (WIDTH, HEIGHT))
    for frame in range(FRAMES):
        picture = np.repeat(rng.integers(60, 160, (HEIGHT, WIDTH, 1)), 3, axis=2)
        if start <= frame < stop:
            picture = (picture + 3 * np.array(colour)) // 4
        writer.write(picture.astype(np.uint8)[..., ::-1].copy())  # BGR
    writer.release()


def draw(root: pathlib.Path) -> pathlib.Path:
    """Draw the data set; return its folder."""
    train, test, rows = [], [], []
    for number in (*TRAIN, *TEST):
        tested = number in TEST
        for kind, colour in COLOURS.items():
            name = f"{kind}/{kind}{number:03d}_x264.mp4"
            start, stop = (EVENT[0] - 1, EVENT[1]) if tested else (FRAMES // 3, FRAMES)
            seed = 100 * number + len(kind)
            _write(root / "Anomaly-Videos-Part-1" / name, colour, start, stop, seed)
            (test if tested else train).append(name)
            if tested:
                event = f"{EVENT[0]}  {EVENT[1]}  -1  -1  "
                rows.append(f"{kind}{number:03d}_x264.mp4  {kind}  {event}")
        for twin in range(3):
            own = 3 * number + twin
            name = f"Normal_Videos{'_' * tested}{own:03d}_x264.mp4"
            folder = "Testing" if tested else "Training"
            folder = f"{folder}_Normal_Videos_Anomaly"
            _write(root / folder / name, (0, 0, 0), 0, 0, 7000 + own)
            (test if tested else train).append(f"{folder}/{name}")
            if tested:
                rows.append(f"{name}  Normal  -1  -1  -1  -1  ")
    lists = root / "Anomaly_Detection_splits"
    lists.mkdir()
    (lists / "Anomaly_Train.txt").write_text("\n".join([*train, ""]))
    (lists / "Anomaly_Test.txt").write_text("\n".join([*test, ""]))
    (root / "Temporal_Anomaly_Annotation.txt").write_text("\n".join([*rows, ""]))
    return root
