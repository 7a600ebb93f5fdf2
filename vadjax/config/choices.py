"""The values of keys that have a closed list; names come from where things are registered."""

from vadjax.data import DATASETS
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.detectors import DETECTORS
from vadjax.models import ACTIVATIONS, LABEL_RULES, MODELS, OBJECTIVES, REDUCTIONS, SHORT_CLIPS
from vadjax.scoring.tail import TAILS
from vadjax.training import OPTIMIZERS, SCHEDULES


def choices() -> dict[str, tuple[str, ...]]:
    """Return the values that each key of a closed list may have; JAX is not imported."""
    return {
        "dataset.name": tuple(DATASETS),
        "dataset.protocol": tuple(PROTOCOLS),
        "dataset.crops": ("mean", "all"),
        "features.preprocess": ("checkpoint", "rahmani_compat"),
        "features.aspect": ("frames", "checkpoint"),
        "features.fit": ("stretch", "crop", "pad", "native"),
        "features.standardize": ("channel", "place", "range"),
        "features.dtype": ("float32", "bfloat16"),
        "detector.name": tuple(DETECTORS),
        "scene.density": ("exemplars", "mulde"),
        "scene.tail": TAILS,
        "hidden.distance": ("euclidean", "mahalanobis"),
        "places.embedding": ("random", "orthogonal"),
        "window.label": LABEL_RULES,
        "window.short_clips": SHORT_CLIPS,
        "model.name": tuple(MODELS),
        "model.calibrate": ("place", "none"),
        "model.sharing": ("all", "row"),
        "model.at_test": ("frozen", "combined", "updated"),
        "model.dtype": ("float32", "bfloat16"),
        "objective.name": tuple(OBJECTIVES),
        "objective.activation": ACTIVATIONS,
        "objective.reduce": REDUCTIONS,
        "objective.coherence_of": ("hidden", "output"),
        "bag.instances": ("segments", "snippets"),
        "bag.scored": ("snippets", "segments"),
        "train.batches": ("windows", "runs", "pairs"),
        "train.optimizer": OPTIMIZERS,
        "train.schedule": SCHEDULES,
        "train.adapt": ("none", "temporal"),
        "train.parallel": ("shard_map", "pmap"),
        "score.aggregate": ("last", "mean", "max"),
        "score.first_frames": ("short", "fill"),
        "explain.method": ("auto", "error", "gradcam++", "gradcam", "hirescam", "input_gradient"),
        "evaluate.threshold": (
            *("by_clip", "alarms", "quantile", "mean_std", "pot", "conformal"),
            *("f1", "youden", "half", "fixed"),
        ),
    }
