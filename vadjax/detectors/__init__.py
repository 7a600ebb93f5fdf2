"""Detectors: anything with `fit`, `score` and `stream` (`contract.Detector`).

A detector is registered here, by one line, and nowhere else. Listing them imports no JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from vadjax.errors import unknown

if TYPE_CHECKING:
    from vadjax.detectors.contract import Detector
    from vadjax.detectors.frontend import Frontend

WINDOW_MODEL = "window_model"
NOTHING, MOTION = "No look at the frames", "Motion, nothing learned"
FEATURES = "Same features, no network"


class Entry(NamedTuple):
    """What is known of a detector before it is built.

    Attributes:
        module: below vadjax/detectors.
        kind: name of the class in the module.
        title: for people.
        group: heading under which pages list it.
        inputs: names of what it reads (`inputs.INPUTS`) with the default config.
        units: kinds of units ("segment", "window") that it scores.
        gradient: it is trained by gradient, over windows; no baseline.
        baseline: every run with such units, and with its inputs, is compared with it.
        random: its scores depend on the seed.
        refits: it stops by no validation clips, and where its threshold comes from further
            detectors, each without a part of the clips, it is fitted on all of them.
        adds: it can learn further normal clips later (`abilities.Adder`).
        places: it reads of which clip and frame each row is, and nothing where that is not known.
        protocols: those that it goes with; empty is every protocol with its units.
        over_time: it compares the frames of a clip with one another, or reads their order; single
            images have none.
        reads_maps: it reads feature maps, not pooled features.
        short_clips: it scores clips that are shorter than `window.length`.
    """

    module: str
    kind: str
    title: str
    group: str = ""
    inputs: tuple[str, ...] = ("features",)
    units: tuple[str, ...] = ("segment",)
    gradient: bool = False
    baseline: bool = True
    random: bool = False
    refits: bool = False
    adds: bool = False
    places: bool = False
    protocols: tuple[str, ...] = ()
    over_time: bool = False
    reads_maps: bool = False
    short_clips: bool = False


FREE, DISTANCE, LOOKUP = "content_free", "feature_distance", "label_lookup"  # modules
CLIPS, WINDOWS = ("segment",), ("window",)
OF_STAGES = ("tap:stage2", "tap:stage3", "tap:stage5")  # of the default backbone
DETECTORS = {
    WINDOW_MODEL: Entry("window_model", "WindowModel", "Model of windows", gradient=True),
    "bag_model": Entry(
        "bag_model",
        "BagModel",
        "Model of bags",
        gradient=True,
        protocols=("weak", "weak_by_video"),
        over_time=True,
        short_clips=True,
    ),
    "hidden_states": Entry(
        "hidden_states",
        "HiddenStates",
        "Deviation of hidden states",
        baseline=False,
        over_time=True,
        short_clips=True,
    ),
    "stateful": Entry(
        "stateful",
        "Stateful",
        "Recurrent model, state carried",
        baseline=False,
        over_time=True,
        short_clips=True,
    ),
    "random": Entry(FREE, "Random", "Random numbers", NOTHING, (), (*CLIPS, *WINDOWS), random=True),
    "frame_index": Entry(
        FREE, "FrameIndex", "Position in the clip", NOTHING, (), CLIPS, over_time=True
    ),
    "clip_centre": Entry(
        FREE, "ClipCentre", "Nearness to the clip’s centre", NOTHING, (), CLIPS, over_time=True
    ),
    "frame_difference": Entry(
        "motion", "FrameDifference", "Frame difference", MOTION, ("motion",), over_time=True
    ),
    "flow_box": Entry("motion", "FlowBox", "Optical flow", MOTION, ("motion",), over_time=True),
    "scene": Entry(
        "scene.detector",
        "Scene",
        "Fixed camera, by cues",
        inputs=("cells", "windows"),
        baseline=False,
        protocols=("one_class",),
        refits=True,
        adds=True,
        over_time=True,
    ),
    "knn": Entry(DISTANCE, "NearestNeighbours", "Nearest neighbours", FEATURES),
    "mahalanobis": Entry(DISTANCE, "Mahalanobis", "Mahalanobis distance", FEATURES),
    "knn_places": Entry(
        "place_distance",
        "NearestPlaces",
        "Nearest neighbours of places",
        FEATURES,
        baseline=False,
        reads_maps=True,
    ),
    "padim": Entry("padim", "Padim", "Gaussian of each place", FEATURES, OF_STAGES, baseline=False),
    "patchcore": Entry(
        "patchcore",
        "PatchCore",
        "Coreset of places",
        FEATURES,
        ("tap:stage3", "tap:stage5"),
        baseline=False,
    ),
    "student_teacher": Entry(
        "student_teacher",
        "StudentTeacher",
        "Student of the backbone",
        inputs=OF_STAGES,
        baseline=False,
    ),
    "feature_difference": Entry(
        "feature_difference",
        "FeatureDifference",
        "Feature difference",
        FEATURES,
        baseline=False,
        over_time=True,
    ),
    "nearest_in_time": Entry(
        LOOKUP,
        "NearestInTime",
        "Label nearest in time",
        NOTHING,
        (),
        WINDOWS,
        places=True,
        over_time=True,
    ),
    "nearest_alike": Entry(
        LOOKUP, "NearestAlike", "Most alike labelled frames", FEATURES, units=WINDOWS
    ),
}


def by_gradient(name: str) -> bool:
    """Say whether a detector is a model that is trained by gradient; an unknown one is none."""
    return name in DETECTORS and DETECTORS[name].gradient


def create(name: str, config: Any, *, frontend: "Frontend | None" = None) -> "Detector":
    """Build a detector by name; nothing is computed yet.

    Args:
        name: one of `DETECTORS`.
        config: the whole config; a detector reads its own keys.
        frontend: turns single frames into the inputs that the detector reads, for `stream`; None
            where only stored rows are scored.

    Returns:
        The detector.

    Raises:
        UserError: unknown name, or a config that the detector cannot be built of.
    """
    if name not in DETECTORS:
        raise unknown("detector", name, DETECTORS)
    entry = DETECTORS[name]
    module = importlib.import_module(f"{__name__}.{entry.module}")
    return getattr(module, entry.kind)(config, frontend)


def inputs_of(config: Any) -> tuple[str, ...]:
    """Return what the detector of a config reads, which may depend on its own keys.

    Args:
        config: the whole config.

    Returns:
        Names of inputs, sorted.

    Raises:
        UserError: see `create`.
    """
    return tuple(sorted(create(config.detector.name, config).inputs))


def baselines(
    unit: str, inputs: tuple[str, ...], *, clips_known: bool = True, images: bool = False
) -> list[str]:
    """Return the detectors that every run is compared with.

    Args:
        unit: kind of the units that are scored.
        inputs: names of the inputs that the run has.
        clips_known: it is known of which clip and frame each row is.
        images: the units are single images, which have no time.

    Returns:
        Names of those for this unit that read nothing else.
    """
    return [
        name
        for name, entry in DETECTORS.items()
        if entry.baseline
        and not entry.gradient
        and unit in entry.units
        and {*entry.inputs} <= {*inputs}
        and (clips_known or not entry.places)
        and not (images and entry.over_time)
    ]
