"""Which detectors can be taken elsewhere, by which module; and why the others cannot."""

import importlib
from typing import Any

from vadjax.errors import UserError
from vadjax.exporting.programs import Parts
from vadjax.pipeline.trained import TrainedDetector

# Detector -> module below vadjax/exporting, with a function (trained, row shapes) -> `Parts`.
EXPORTED = {
    "window_model": "windows",
    "hidden_states": "windows",
    "stateful": "carried",
    "bag_model": "bags",
    "knn": "distances",
    "mahalanobis": "distances",
    "feature_difference": "distances",
    "knn_places": "places",
    "padim": "places",
    "patchcore": "places",
    "student_teacher": "places",
}
# Those whose own code goes with them, see `streams`.
STREAMED = ("scene", "frame_difference", "flow_box")
_NOTHING = "it has learnt nothing that could be taken along"
_LABELS = "it looks up labels of its own videos, and scores no others"
NOT = {
    "random": _NOTHING,
    "frame_index": _NOTHING,
    "clip_centre": _NOTHING,
    "nearest_in_time": _LABELS,
    "nearest_alike": _LABELS,
}


def parts_of(trained: TrainedDetector, row_shapes: tuple[tuple[int, ...], ...]) -> Parts:
    """Return what scores rows by a detector.

    Args:
        trained: the detector of a finished run.
        row_shapes: of a row of each of the backbone's outputs.

    Returns:
        Its programs and how they go together.

    Raises:
        UserError: see `check`.
    """
    check(trained.run.detector)
    module = importlib.import_module(f"vadjax.exporting.{EXPORTED[trained.run.detector.name]}")
    parts: Parts = module.parts_of(trained, row_shapes)
    return parts


def check(detector: Any) -> None:
    """Refuse a detector that cannot be exported.

    Raises:
        UserError: it says why.
    """
    if detector.name in NOT:
        raise UserError(
            f"detector {detector.name!r} cannot be exported: {NOT[detector.name]}. Those that can "
            f"are {', '.join((*EXPORTED, *STREAMED))}."
        )
