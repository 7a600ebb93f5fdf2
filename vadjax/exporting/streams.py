"""Detectors whose steps between two frames are OpenCV's: their own code, and their networks.

Nothing is written a second time: the modules of vadjax that score a frame are copied into the
folder (`copied_code`), where the networks are programs as in other exports.
"""

import pathlib
import shutil
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from vadjax.detectors.scene.cues import BY_WEIGHTS
from vadjax.detectors.scene.cues.scanner import Scanner
from vadjax.errors import UserError
from vadjax.exporting.copied_code import write_code
from vadjax.exporting.programs import BATCH, Array, Parts, Program
from vadjax.objects import nanodet
from vadjax.objects.nanodet_detector import NanoDetDetector
from vadjax.pipeline.trained import TrainedDetector
from vadjax.storage.files import atomic_write
from vadjax.storage.state import save_state

CODE = "scorer"  # the package of copied modules
_SCORED = ("rule", "reference", "fps", "cues", "surprise")  # of the state of scene
SCRIPTS = {"scene": "score_scene", "frame_difference": "score_motion", "flow_box": "score_motion"}
_OF_ALL = ("vadjax.pipeline.fold_mean", "vadjax.detectors.frontend", "vadjax.errors")
_OF_MOTION = ("vadjax.detectors.motion", "vadjax.features.motion")
_MODULES = {
    "scene": (
        "vadjax.detectors.scene.stream",
        "vadjax.features.scene.embedder",
        "vadjax.objects.fitted_detector",
        "vadjax.objects.onnx_detector",
    ),
    "frame_difference": _OF_MOTION,
    "flow_box": _OF_MOTION,
}
_TITLES = {
    "scene": "detector of a fixed camera",
    "frame_difference": "largest difference between two frames",
    "flow_box": "largest optical flow",
}


def parts_of(trained: TrainedDetector) -> Parts:
    """Return the networks of a detector, and what its code has to know.

    Args:
        trained: the detector of a finished run.

    Returns:
        "looks" of crops, and "objects" where NanoDet names objects; nothing of detectors that have
        no network.

    Raises:
        UserError: a cue of the detector cannot be exported.
    """
    detector, programs = trained.run.detector, list[Program]()
    way: dict[str, Any] = {"kind": "frames"}
    if detector.name == "scene":
        if Scanner.name in trained.states[0]["cues"]:
            raise UserError(
                f"the cue {Scanner.name} is a network in JAX, which exported code does without: "
                "train without it (scene.cues), and export that run."
            )
        looks = trained.run.frontend.looks
        programs.append(_looks(looks))
        reference = trained.states[0]["reference"]
        way |= {
            "cues": list(trained.states[0]["cues"]),
            "frame": [int(side) for side in reference["frame_shape"]],
            "fps": float(trained.states[0]["fps"]),
            "tap": looks.tap,
        }
        objects = trained.run.frontend.objects
        if BY_WEIGHTS in way["cues"]:
            limits = objects.limits
            way["objects"] = {
                "names": list(objects.names),
                "size": list(objects.size),
                "fit": objects.fit,
                "least_score": limits.least_score,
                "overlap": limits.overlap,
                "most": limits.most,
            }
            if isinstance(objects, NanoDetDetector):
                programs.append(_objects(objects))
    return Parts(programs, way, _TITLES[detector.name])


def write_parts(trained: TrainedDetector, out: pathlib.Path) -> None:
    """Write the states of all folds, the code, and an object detector that is ONNX as it is.

    Args:
        trained: the detector of a finished run.
        out: the folder.
    """
    name = trained.run.detector.name
    write_code((*_OF_ALL, *_MODULES[name]), out / CODE)
    if name != "scene":
        return
    for fold, state in enumerate(trained.states):
        kept = {key: state[key] for key in _SCORED if key in state}
        save_state(out / f"state{fold}", kept)
    objects = trained.run.frontend.objects
    if BY_WEIGHTS in trained.states[0]["cues"] and not isinstance(objects, NanoDetDetector):
        source = pathlib.Path(trained.run.config.scene.objects).expanduser()
        for path in (source, source.with_suffix(".json")):
            if path.is_file():
                with atomic_write(out / f"objects{path.suffix}") as beside:
                    shutil.copyfile(path, beside)


def _looks(looks: Any) -> Program:
    variables = looks.backbone.variables

    def function(crops: jax.Array) -> tuple[jax.Array]:
        return (looks.function(variables, crops).astype(jnp.float32),)

    crops = Array("crops", (BATCH, *looks.size, 3), "uint8")
    return Program("looks", function, (crops,), (Array("looks", (BATCH, looks.width)),))


def _objects(objects: NanoDetDetector) -> Program:
    """Return the network with all its places: which are the best is for the code to say."""
    params = {"params": objects.variables["params"]}

    def function(images: jax.Array) -> tuple[jax.Array, jax.Array]:
        outputs: Any = nanodet.NanoDet().apply(params, nanodet.normalised(images))
        logits, distances = outputs
        return nn.sigmoid(logits), nanodet.boxes(distances, objects.size)

    places = len(nanodet.centres(objects.size)[1])
    outputs = (
        Array("scores", (BATCH, places, nanodet.NUM_CLASSES)),
        Array("boxes", (BATCH, places, 4)),
    )
    images = Array("images", (BATCH, *objects.size, 3), "uint8")
    return Program("objects", function, (images,), outputs)
