"""Score a video with this folder.

python score.py VIDEO [FPS] > scores.csv

Needs numpy, OpenCV (cv2), Pillow and what its networks need, see README.md; PyAV (av) for video
files. A VIDEO may be a folder of images. FPS are frames a second of a video that does not say its
own; without it they are those of training.
"""

import functools
import json

import numpy as np
from common import HERE
from scorer.detectors.frontend import Frontend
from scorer.detectors.scene.stream import SceneStream
from scorer.features.scene.embedder import Embedder
from scorer.objects.detections import Limits
from scorer.objects.fitted_detector import FittedDetector
from scorer.objects.onnx_detector import OnnxDetector
from scorer.pipeline.fold_mean import MeanStream
from streamed import followed, load, main, scored  # noqa: F401


def read_state(folder):
    """Return what a detector has learnt: nested dicts and lists of arrays and plain values."""
    arrays = np.load(folder / "state.npz")

    def decode(value):
        if isinstance(value, list):
            return [decode(each) for each in value]
        if not isinstance(value, dict):
            return value
        [(tag, inside)] = value.items()
        if tag == "array":
            return arrays[str(inside["number"])]
        if tag == "float":  # inf and the like
            return float(inside)
        if tag == "tuple":
            return tuple(decode(each) for each in inside)
        return {key: decode(each) for key, each in inside.items()}

    return decode(json.loads((folder / "state.json").read_text())["state"])


def looks_of(program, spec):
    """Return what embeds the crops of moving bodies.

    Args:
        program: crops uint8 [n, h, w, 3] -> [embeddings [n, d]].
        spec: of the program, in detector.json.

    Returns:
        A `scorer.features.scene.embedder.Embedder`.
    """

    class Looks(Embedder):
        size = tuple(spec["inputs"][0]["shape"][1:3])
        width = spec["outputs"][0]["shape"][1]

        def embed(self, crops):
            colour = crops if crops.ndim == 4 else np.repeat(crops[..., None], 3, axis=3)
            return program(colour)[0]

    if spec["inputs"][0]["shape"][0] == 1:
        Looks.batches = 1, 1
    return Looks()


def objects_of(program, about):
    """Return what names objects, by NanoDet's places or by a detector in ONNX as it was given.

    Args:
        program: images uint8 [1, h, w, 3] -> [scores [1, n, classes], boxes [1, n, 4]], or None.
        about: "objects" of detector.json.

    Returns:
        A `scorer.objects.detections.ObjectDetector`.
    """
    own = Limits(about["least_score"], about["overlap"], about["most"])
    if program is None:
        return OnnxDetector(
            HERE / "objects.onnx", limits=own, size=tuple(about["size"]), fit=about["fit"]
        )

    class Objects(FittedDetector):
        names, size, fit = tuple(about["names"]), tuple(about["size"]), about["fit"]
        limits, batch = own, 1

        def candidates(self, images):
            scores, boxes = program(images)
            places, classes = np.nonzero(scores[0] >= own.least_score)
            found = {"scores": scores[0][places, classes], "boxes": boxes[0][places]}
            return {name: each[None] for name, each in {**found, "classes": classes}.items()}

        def spec(self):
            return {}

    return Objects()


def stream_of(programs, about, fps=None):
    """Return what scores one video frame by frame.

    Args:
        programs: by name, each a function of arrays that gives a list of arrays.
        about: detector.json.
        fps: frames a second; None: those of training.

    Returns:
        An object whose `update(frame)`, of uint8 [h, w, 3] RGB or [h, w], gives a list of one
        score with index, score (None for the first frame), map and parts; whose `finding()` says
        what was seen in the last frame; and whose `changed()` says that the camera no longer shows
        what was learnt, else "".
    """
    frontend = Frontend(None, backbone=None)
    frontend.looks = looks_of(programs["looks"], about["programs"]["looks"])
    if "objects" in about["way"]:
        frontend.objects = objects_of(programs.get("objects"), about["way"]["objects"])
    states = [read_state(HERE / f"state{fold}") for fold in range(about["folds"])]
    with frontend.sharing():  # a frame is measured once for all folds
        return MeanStream([SceneStream(state, frontend, fps) for state in states])


score = functools.partial(scored, stream_of)


if __name__ == "__main__":
    main(stream_of, __doc__)
