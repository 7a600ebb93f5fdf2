"""Which embedding tells bodies apart? The cue `look` alone, by stage, input, window and backbone.

python experiments/scene_choice/embeddings.py ped2 --data_dir=/data/ped2
python experiments/scene_choice/embeddings.py 2 --settings=stage5:64:1.0,stage4:64:1.0

The first argument is `ped2` (training clips with pseudo-anomalies made of them, as `vadjax tune`
makes them; no test label is read) or the number of a drawing whose labels may be read. A setting is
STAGE:PIXELS:WINDOW, the window in heights of a body. Frames are decoded and measured once.
"""

import argparse
import concurrent.futures
import dataclasses
import pathlib
import sys
import time
from typing import NamedTuple

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

sys.path[:0] = [str(pathlib.Path(__file__).parents[2])]

from vadjax import api, backbones  # noqa: E402
from vadjax.detectors.scene.bodies import BodyReader  # noqa: E402
from vadjax.detectors.scene.cue import Camera  # noqa: E402
from vadjax.detectors.scene.cues.look import Look  # noqa: E402
from vadjax.evaluation.frame import auc  # noqa: E402
from vadjax.features.scene import meter  # noqa: E402
from vadjax.features.scene.extract import usual_fps  # noqa: E402
from vadjax.features.scene.looks import Looks  # noqa: E402
from vadjax.features.scene.reference import resized  # noqa: E402
from vadjax.features.scene.rows import window_rows  # noqa: E402
from vadjax.pipeline import tune  # noqa: E402
from vadjax.pipeline.pseudo_set import pseudo_clips, stretches  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime import devices  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402

FOLDS, PIXELS = 4, 96
SETTINGS = "stage5:64:1.0,stage5:96:1.0,stage4:64:1.0,stage6:64:1.0,stage3:64:1.0,stage5:64:1.4"


class Measured(NamedTuple):
    """One video: its part ("train", "test" or a kind), fold, labels, frames and their windows."""

    part: str
    fold: int
    labels: np.ndarray | None
    fps: float
    frames: list
    crops: dict[float, np.ndarray]


def measure(job: tuple, reference, fps: float, windows: list[float]) -> Measured:
    """Measure a video once, with the pixels of its windows at each size."""
    part, fold, labels, video = job
    one, frames, crops = meter.SceneMeter(reference, video.fps or fps), [], []
    for frame in video.frames:
        found = one.update(frame)
        working = resized(frame, reference.shape)
        crops.append([_cut(working, found.centres, reference.body, w) for w in windows])
        frames.append(dataclasses.replace(found, crops=found.crops[:, :0]))
    joined = {w: np.concatenate([each[k] for each in crops]) for k, w in enumerate(windows)}
    return Measured(part, fold, labels, video.fps or fps, frames, joined)


def _cut(working, centres, body, window: float) -> np.ndarray:
    found = []
    for x, y in centres.tolist():
        side = max(4, round(window * float(body[min(int(y), len(body) - 1)])))
        cut = cv2.getRectSubPix(working, (side, side), (x + 0.5, y + 0.5))
        found.append(cv2.resize(cut, (PIXELS, PIXELS)))
    return np.stack(found) if found else np.zeros((0, PIXELS, PIXELS, *working.shape[2:]), np.uint8)


def jobs_of(name: str, run: Run, fps: float) -> list[tuple]:
    """Return (part, fold, labels, video) of what is measured."""
    if name != "ped2":
        train = [("train", 0, None, v) for v in run.dataset.train]
        return train + [("test", 0, np.asarray(v.labels), v) for v in run.dataset.test]
    clips = tune.normal_clips(run)
    folds = {clip.id: number % FOLDS for number, clip in enumerate(clips)}
    made, _ = pseudo_clips(
        stretches(clips, fps=fps), held_with=folds, reference=run.reference, fps=fps, seed=0,
        report=lambda count: None,
    )  # fmt: skip
    normal = [("train", folds[clip.id], None, clip.videos[0]) for clip in clips]
    kinds = [(k.removesuffix("_first"), folds[n], np.asarray(v.labels), v) for k, n, v in made]
    return normal + kinds


def judge(
    videos: list[Measured], rows: list[np.ndarray], camera: Camera, density: str
) -> dict[str, float]:
    """Return the AUC of each part against held-out normal frames, or normal test frames."""
    cue, numbers = Look(density), range(len(videos))

    def bodies(n: int):
        reader = BodyReader(camera.reference, videos[n].fps)
        return (reader.update(f.cells, w) for f, w in zip(videos[n].frames, rows[n], strict=True))

    def lesson(n: int):
        learner = cue.learner(camera)
        for one in bodies(n):
            learner.update(one)
        return learner.lesson()

    def scores(n: int, state) -> np.ndarray:
        follower = cue.follow(state, camera._replace(fps=videos[n].fps))
        return np.array([follower.update(one).max() for one in bodies(n)])[1:]

    train = [n for n in numbers if videos[n].part == "train"]
    lessons = {n: lesson(n) for n in train}
    if any(video.part == "test" for video in videos):
        state, test = cue.fit([*lessons.values()], camera), [*numbers[len(train) :]]
        flat = np.concatenate([scores(n, state) for n in test])
        return {"test": auc(flat, np.concatenate([videos[n].labels[1:] for n in test]))}
    states = {
        fold: cue.fit([lessons[n] for n in train if videos[n].fold != fold], camera)
        for fold in range(FOLDS)
    }
    normal = np.concatenate([scores(n, states[videos[n].fold]) for n in train])
    found: dict[str, list[float]] = {}
    for n in numbers[len(train) :]:
        abnormal = scores(n, states[videos[n].fold])[videos[n].labels[1:] > 0]
        truth = np.repeat([0, 1], [len(normal), len(abnormal)])
        found.setdefault(videos[n].part, []).append(auc(np.append(normal, abnormal), truth))
    return {kind: float(np.mean(values)) for kind, values in found.items()}


def main() -> None:
    """Print a row a setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="ped2, or the number of a drawing")
    parser.add_argument("--data_dir", default="")
    parser.add_argument("--settings", default=SETTINGS)
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--weights", default="")
    parser.add_argument("--density", default="exemplars", help="or mulde")
    args = parser.parse_args()
    name, wanted = ("synthetic", {"dataset__seed": int(args.name)}) if args.name != "ped2" else (
        "ped2", {"dataset__data_dir": args.data_dir}
    )  # fmt: skip
    config = api.load_config(f"{name}_scene", **wanted)
    devices.setup(config.features.cache_dir)
    run = Run(config, pathlib.Path("runs/embeddings"), Console(quiet=True))
    fps, reference = usual_fps(run.dataset.train), run.reference
    settings = [each.split(":") for each in args.settings.split(",")]
    windows = sorted({float(window) for *_, window in settings})
    jobs = jobs_of(args.name, run, fps)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        videos = [*pool.map(lambda job: measure(job, reference, fps, windows), jobs)]
    for stage, pixels, window in settings:
        size = (int(pixels),) * 2
        looks = Looks(
            backbones.create(args.backbone, weights=args.weights, size=size, fit="stretch"), stage
        )
        start, rows, count = time.process_time(), [], 0
        for video in videos:
            crops = video.crops[float(window)]
            crops = [cv2.resize(crop, size, interpolation=cv2.INTER_AREA) for crop in crops]
            found = looks(np.stack(crops)) if crops else looks.none()
            rows.append(window_rows(video.frames, found))
            count += len(crops)
        spent = 1e3 * (time.process_time() - start) / count
        with threadpool_limits(1, "blas"):
            found = judge(videos, rows, Camera(reference, fps), args.density)
        shown = ", ".join(f"{kind} {value:.3f}" for kind, value in found.items())
        print(
            f"{args.name} {args.backbone} {stage} {pixels} px, window {window}, {args.density}: "
            f"{shown}; mean "
            f"{np.mean([*found.values()]):.3f}; {spent:.2f} ms of CPU a body",
            flush=True,
        )


if __name__ == "__main__":
    main()
