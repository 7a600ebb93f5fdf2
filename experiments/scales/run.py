"""Does detector `scene` find its scale by itself? Clips of Ped2, made smaller, larger, cropped.

python experiments/scales/run.py --ped2=/data/ped2 [--factors=1,0.4,6] [--train=6] [--test=4]
python experiments/scales/run.py --ped2=/data/ped2 --masks=/data/UCSDped2 --factors= --test=12

Everything is done anew at each size: background, sizes of bodies, cues and their calibration, from
the first training clips; the AUC is that of the first test clips, whose labels choose nothing.
With --masks of parts of the frame, where a frame is abnormal if its mask has a pixel in the
part. results.json gets a row for each factor and part.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys
from collections.abc import Iterator

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1])]

from vadjax import api, backbones  # noqa: E402
from vadjax.data.video import Video  # noqa: E402
from vadjax.detectors.contract import Progress  # noqa: E402
from vadjax.detectors.scene.bodies import Bodies, BodyReader  # noqa: E402
from vadjax.detectors.scene.crossing import crossed  # noqa: E402
from vadjax.detectors.scene.cue import Camera  # noqa: E402
from vadjax.detectors.scene.cues import made  # noqa: E402
from vadjax.detectors.scene.follower import SceneFollower  # noqa: E402
from vadjax.detectors.scene.held_out import surprise_of  # noqa: E402
from vadjax.detectors.scene.lessons import LessonStore  # noqa: E402
from vadjax.evaluation.frame import auc  # noqa: E402
from vadjax.features.scene.extract import measured_rows  # noqa: E402
from vadjax.features.scene.looks import Looks  # noqa: E402
from vadjax.features.scene.meter import CROP, SceneMeter  # noqa: E402
from vadjax.features.scene.reference import Reference, fit_reference  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402

FPS, FOLDS = 10.0, 4
WHOLE = (0.0, 0.0, 1.0, 1.0)  # top, left, bottom and right, as shares of the frame
PARTS = {
    "whole frame": WHOLE,
    "left half": (0.0, 0.0, 1.0, 0.5),
    "right half": (0.0, 0.5, 1.0, 1.0),
    "middle": (0.2, 0.2, 0.8, 0.8),
}
Part = tuple[float, float, float, float]
EVERY = 8  # frames of the training clips from one that the background is learnt from to the next


def cut(frame: np.ndarray, part: Part) -> np.ndarray:
    """Return a part of a frame or mask [h, w, ...]."""
    height, width = frame.shape[:2]
    top, left, bottom, right = part
    rows = slice(round(top * height), round(bottom * height))
    return frame[rows, round(left * width) : round(right * width)]


def scaled(video: Video, factor: float, part: Part) -> Iterator[np.ndarray]:
    """Yield the frames of a video at another size.

    Args:
        video: to read.
        factor: of both sides.
        part: of the frame.
    """
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    for frame in video.frames:
        seen = np.ascontiguousarray(cut(np.asarray(frame), part))
        yield (
            seen if factor == 1 else cv2.resize(seen, None, fx=factor, fy=factor, interpolation=how)
        )


def truth_of(video: Video, part: Part) -> np.ndarray:
    """Return the labels of a video's frames, of a part by its masks, bool [t]."""
    if part == WHOLE:
        return np.asarray(video.labels) > 0
    return np.array([bool(cut(np.asarray(mask), part).any()) for mask in video.masks])


def bodies_of(
    video: Video, factor: float, part: Part, reference: Reference, looks: Looks
) -> list[Bodies]:
    """Measure a video.

    Args:
        video: to read.
        factor: of both sides.
        part: of the frame.
        reference: of the camera at this size.
        looks: embeds windows.

    Returns:
        The bodies of each frame.
    """
    meter, reader = SceneMeter(reference, FPS), BodyReader(reference, FPS)
    measured = measured_rows(scaled(video, factor, part), meter=meter, looks=looks)
    return [reader.update(*row) for rows in measured for row in zip(*rows, strict=True)]


def fit(normal: list[list[Bodies]], camera: Camera, config) -> dict:
    """Fit all cues, calibrated on parts of what is normal that they were not fitted on.

    Args:
        normal: the bodies of each frame of each clip.
        camera: of the clips.
        config: of detector scene.

    Returns:
        What a follower needs.
    """
    cues, store = made(config.scene, seed=0), LessonStore()
    for number, clip in enumerate(normal):
        learners = {name: cue.learner(camera) for name, cue in cues.items()}
        for bodies in clip:
            for learner in learners.values():
                learner.update(bodies)
        store.keep(number, {name: learner.lesson() for name, learner in learners.items()})
    learnt = {name: (cue, store.of(range(len(normal)), name)) for name, cue in cues.items()}
    frames = [(camera, lambda clip=clip: iter(clip)) for clip in normal]
    quiet = Progress(Console(quiet=True))
    with threadpool_limits(1, "blas"):
        states, tops = crossed(learnt, frames, camera, folds=FOLDS, progress=quiet)
    return {"cues": states, "surprise": {name: surprise_of(t) for name, t in tops.items()}}


def scores_of(clip: list[Bodies], state: dict, camera: Camera) -> np.ndarray:
    """Score every frame of a clip but the first.

    Args:
        clip: the bodies of each frame.
        state: what `fit` returned.
        camera: of the clip.

    Returns:
        float [t - 1].
    """
    follower = SceneFollower(state, camera)
    with threadpool_limits(1, "blas"):
        return np.array([follower.update(bodies).score for bodies in clip][1:])


def judge(factor: float, part: Part, train: list[Video], test: list[Video], config) -> dict:
    """Learn and judge at one size.

    Args:
        factor: of both sides.
        part: of the frame.
        train: normal videos.
        test: labelled ones.
        config: of detector scene.

    Returns:
        What results.json holds of it.
    """
    seen = [
        f for video in train for n, f in enumerate(scaled(video, factor, part)) if n % EVERY == 0
    ]
    reference = fit_reference(seen)
    size = seen[0].shape[1::-1]
    del seen
    backbone = backbones.create(
        config.features.backbone, weights="", size=(CROP, CROP), fit="stretch"
    )
    looks = Looks(backbone, "")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = [*pool.map(lambda v: bodies_of(v, factor, part, reference, looks), [*train, *test])]
    normal, tested = found[: len(train)], found[len(train) :]
    state = fit(normal, Camera(reference, FPS), config)
    scores = [scores_of(clip, state, Camera(reference, FPS)) for clip in tested]
    labels = [truth_of(video, part)[1:] for video in test]
    body = float(np.median(reference.body)) * size[1] / reference.shape[0]
    return {
        "frame": list(size),
        "working_frame": list(reference.shape[::-1]),
        "body_px": round(body, 1),
        "bodies_a_frame": float(np.mean([len(b) for clip in tested for b in clip])),
        "auc": auc(np.concatenate(scores), np.concatenate(labels)),
        "abnormal_share": round(float(np.mean(np.concatenate(labels))), 3),
        "clips": [len(train), len(test)],
    }


def main() -> None:
    """Judge at each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ped2", required=True)
    parser.add_argument("--masks", default="")
    parser.add_argument("--factors", default="1,0.4,6")
    parser.add_argument("--train", type=int, default=6)
    parser.add_argument("--test", type=int, default=4)
    args = parser.parse_args()
    places = {"dataset__data_dir": args.ped2, "dataset__masks_dir": args.masks}
    config = api.load_config("ped2_scene", **places)
    dataset = Run(config, pathlib.Path("runs/scales"), Console(quiet=True)).dataset
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    train, test = [*dataset.train][: args.train], [*dataset.test][: args.test]
    factors = map(float, filter(None, args.factors.split(",")))
    cases = {f"{factor:g}": (factor, WHOLE) for factor in factors}
    if args.masks:
        cases |= {name: (1.0, part) for name, part in PARTS.items()}
    for name, (factor, part) in cases.items():
        results[name] = judge(factor, part, train, test, config)
        print(name, results[name], flush=True)
        path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
