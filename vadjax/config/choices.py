"""What a config may name: data sets, protocols, models, and the choices of every key."""

from vadjax.data import DATASETS
from vadjax.detectors import DETECTORS

WINDOW_PROTOCOLS = ("random_window", "published_shuffled")  # leaky; to reproduce and to warn
SUPERVISED_OBJECTIVES = ("classify", "segment")
SUPERVISED_PROTOCOLS = ("by_video", *WINDOW_PROTOCOLS)
PROTOCOLS = ("one_class", "official", *SUPERVISED_PROTOCOLS)
MODELS = (
    "simple_rnn",
    "lstm",
    "gru",
    "lstm_gru",
    "dense",
    "dense_autoencoder",
    "conv_autoencoder",
    "appearance_to_flow",
    "unet_segmenter",
)
MAP_MODELS = ("conv_autoencoder", "appearance_to_flow", "unet_segmenter")


def choices() -> dict[str, tuple[str, ...]]:
    """Return the values that each key of a closed list may have."""
    return {
        "dataset.name": DATASETS,
        "dataset.protocol": PROTOCOLS,
        "dataset.augment": ("none", "rahmani_compat"),
        "features.preprocess": ("checkpoint", "rahmani_compat"),
        "features.fit": ("stretch", "crop", "pad", "native"),
        "features.standardize": ("channel", "place"),
        "features.dtype": ("float32", "bfloat16"),
        "window.label": ("last", "any", "majority", "centre"),
        "model.name": MODELS,
        "detector.name": tuple(DETECTORS),
        "model.dtype": ("float32", "bfloat16"),
        "objective.name": ("predict", "reconstruct", "motion", "classify", "segment"),
        "objective.activation": ("sigmoid", "softmax"),
        "objective.reduce": ("mean", "max"),
        "train.batches": ("windows", "runs"),
        "train.optimizer": ("adam", "adamw"),
        "train.schedule": ("constant", "cosine", "plateau"),
        "train.parallel": ("shard_map", "pmap"),
        "score.aggregate": ("last", "mean", "max"),
        "explain.method": ("auto", "error", "gradcam++", "gradcam", "hirescam", "input_gradient"),
        "evaluate.threshold": ("quantile", "mean_std", "pot", "conformal", "f1", "youden", "half"),
    }
