"""How a clip begins, and how learning begins: drawings whose labels may be read.

python experiments/robustness/beginnings.py 1 [--before]

Prints the mean score of what is abnormal from the first frame of a clip on, by the time since then,
and the AUC of cues that were learnt from the first normal frames alone. --before counts the first
frame as standing still, as it was.
"""

import argparse
import pathlib
import sys

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).parents[2])]

from experiments.scales.run import FOLDS, FPS, bodies_of, fit, scores_of  # noqa: E402
from vadjax import api  # noqa: E402
from vadjax.detectors.scene.bodies import BodyReader  # noqa: E402
from vadjax.detectors.scene.cue import Camera  # noqa: E402
from vadjax.evaluation.frame import auc  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402

TIMES = ((1, 5), (5, 10), (10, 20), (20, 10**6))  # frames since the beginning
FRAMES = (50, 100, 200, 400, 1000, 10**6)  # of training
SOME = 3  # test clips from one that few frames are judged by to the next


def by_time(scores: list[np.ndarray], labels: list[np.ndarray]) -> dict[str, float]:
    """Return the mean score of what is abnormal from the first frame on.

    Args:
        scores: float [t - 1] of each clip, from its second frame on.
        labels: [t] of each.

    Returns:
        Frames since the beginning -> mean over clips.
    """
    found: dict[str, list[float]] = {}
    for own, truth in zip(scores, labels, strict=True):
        normal = np.flatnonzero(truth == 0)
        stop = int(normal[0]) if len(normal) else len(truth)
        for first, last in TIMES if stop > 1 else ():
            if (part := own[first - 1 : min(last, stop) - 1]).size:
                found.setdefault(f"{first} to {last - 1}", []).append(float(part.mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def main() -> None:
    """Print both tables of a drawing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("drawing", type=int)
    parser.add_argument("--before", action="store_true")
    args = parser.parse_args()
    if args.before:
        update = BodyReader.update

        def begun(self, *rows):
            self._begun = True
            return update(self, *rows)

        BodyReader.update = begun  # type: ignore[method-assign]
    config = api.load_config("synthetic_scene", dataset__seed=args.drawing)
    run = Run(config, pathlib.Path("runs/beginnings"), Console(quiet=True))
    camera, looks = Camera(run.reference, FPS), run.frontend.looks
    train, test = (
        [bodies_of(video, 1.0, run.reference, looks) for video in videos]
        for videos in (run.dataset.train, run.dataset.test)
    )
    labels = [np.asarray(video.labels) for video in run.dataset.test]
    state = fit(train, camera, config)
    scores = [scores_of(clip, state, camera) for clip in test]
    print(auc(np.concatenate(scores), np.concatenate([own[1:] for own in labels])))
    print(by_time(scores, labels))
    every = [bodies for clip in train for bodies in clip]
    truth = np.concatenate([own[1:] for own in labels[::SOME]])
    for number in FRAMES:
        parts = [
            every[rows[0] : rows[-1] + 1]
            for rows in np.array_split(np.arange(min(number, len(every))), FOLDS)
        ]
        state = fit(parts, camera, config)
        found = np.concatenate([scores_of(clip, state, camera) for clip in test[::SOME]])
        print(number, auc(found, truth), float(np.median(found[truth == 0])), flush=True)


if __name__ == "__main__":
    main()
