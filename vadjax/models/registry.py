"""Which models and objectives there are, one line each; reading this imports no JAX.

A new one is its module and its line here. The config's choices and checks, the pages and the tables
of a comparison read these entries.
"""

from collections.abc import Mapping
from typing import NamedTuple

SHORT_CLIPS = ("skip", "pad")  # of clips shorter than a window, in training
LABEL_RULES = ("last", "any", "majority", "centre")  # which rows label a window
ACTIVATIONS = ("sigmoid", "softmax")  # of a classifier's logits
REDUCTIONS = ("mean", "max", "psnr")  # of a map's errors to a score


# Modules of models that carry something from one row of a window to the next.
SEQUENTIAL = (
    *("recurrent", "residual_lstm", "recurrent_places", "transformer", "tcn"),
    *("attention_pooling", "encoder_decoder", "convlstm_autoencoder", "cnn_lstm"),
)


class ModelEntry(NamedTuple):
    """One model.

    Attributes:
        module: in vadjax/models, with a function `build`.
        title: as tables name it.
        reads: shape of a feature row: "vectors" (d,) or "maps" (h, w, c).
        objectives: names of the objectives that it serves.
        crops: a row of vectors may be one of several crops, (crops, d).
    """

    module: str
    title: str
    reads: str
    objectives: tuple[str, ...]
    crops: bool = False

    @property
    def sequential(self) -> bool:
        """Whether it carries something from one row of a window to the next."""
        return self.module in SEQUENTIAL


class ObjectiveEntry(NamedTuple):
    """One objective.

    Attributes:
        module: in vadjax/models/objectives, with a function `build`.
        title: as a page says what the detector does with its features.
        min_length: fewest rows of a window.
        reads: labels that its loss reads from a batch: "frame_label" [b, t], "cell_label"
            [b, h, w] (masks), "video_label" [b], "video_class" [b], "bag" [b]; none for one that
            learns from normal data alone.
    """

    module: str
    title: str
    min_length: int = 1
    reads: tuple[str, ...] = ()

    @property
    def supervised(self) -> bool:
        """Whether it learns from labels."""
        return bool(self.reads)

    @property
    def labels(self) -> str:
        """What it learns from: labels of "frames" (or masks), of "videos", or none, ""."""
        if self.of_bags or "video_class" in self.reads:
            return "videos"
        return "frames" if self.reads else ""

    @property
    def of_bags(self) -> bool:
        """Whether it learns from a video as a bag of instances."""
        return "video_label" in self.reads


_OF_BAGS = ("mil_ranking", "mil_topk", "mil_attention")
_OF_CLASSES = ("classify", "recognize")
_SCANNED = ("predict", "reconstruct", *_OF_CLASSES)

MODELS: Mapping[str, ModelEntry] = {
    "simple_rnn": ModelEntry("recurrent", "SimpleRNN", "vectors", _SCANNED),
    "lstm": ModelEntry("recurrent", "LSTM", "vectors", _SCANNED),
    "gru": ModelEntry("recurrent", "GRU", "vectors", _SCANNED),
    "lstm_gru": ModelEntry("recurrent", "LSTM_GRU", "vectors", _SCANNED),
    "residual_lstm": ModelEntry("residual_lstm", "Residual LSTM", "vectors", _OF_CLASSES),
    "transformer": ModelEntry("transformer", "Transformer", "vectors", ("predict", *_OF_CLASSES)),
    "tcn": ModelEntry("tcn", "TCN", "vectors", ("predict", *_OF_CLASSES)),
    "attention_pooling": ModelEntry(
        "attention_pooling", "Attention pooling", "vectors", ("predict", *_OF_CLASSES)
    ),
    "lstm_encoder_decoder": ModelEntry(
        "encoder_decoder", "LSTM encoder-decoder", "vectors", ("reconstruct",)
    ),
    "dense": ModelEntry("dense", "Dense", "vectors", ("predict", *_OF_CLASSES)),
    "dense_autoencoder": ModelEntry(
        "autoencoder", "Dense autoencoder", "vectors", ("reconstruct",)
    ),
    "vae": ModelEntry(
        "variational_autoencoder", "Variational autoencoder", "vectors", ("elbo", "reconstruct")
    ),
    "memory_autoencoder": ModelEntry(
        "memory_autoencoder", "Memory autoencoder", "vectors", ("reconstruct",)
    ),
    "conv_autoencoder": ModelEntry(
        "autoencoder", "Convolutional autoencoder", "maps", ("reconstruct",)
    ),
    "sigmoid_autoencoder": ModelEntry(
        "sigmoid_autoencoder", "Sigmoid autoencoder", "maps", ("reconstruct",)
    ),
    "appearance_to_flow": ModelEntry(
        "appearance_to_flow", "Appearance to flow", "maps", ("motion",)
    ),
    "place_simple_rnn": ModelEntry("recurrent_places", "SimpleRNN by place", "maps", ("density",)),
    "place_lstm": ModelEntry("recurrent_places", "LSTM by place", "maps", ("density",)),
    "place_gru": ModelEntry("recurrent_places", "GRU by place", "maps", ("density",)),
    "place_lstm_gru": ModelEntry("recurrent_places", "LSTM_GRU by place", "maps", ("density",)),
    "unet_segmenter": ModelEntry(
        "unet_segmenter", "U-Net segmenter", "maps", ("classify", "segment")
    ),
    "frame_prediction": ModelEntry(
        "frame_prediction", "Frame prediction", "maps", ("predict", "adversarial")
    ),
    "mnad": ModelEntry("mnad", "MNAD", "maps", ("predict", "reconstruct")),
    "memae": ModelEntry("conv3d_autoencoder", "MemAE", "maps", ("reconstruct",)),
    "conv3d_autoencoder": ModelEntry(
        "conv3d_autoencoder", "3-D convolutional autoencoder", "maps", ("reconstruct",)
    ),
    "stae": ModelEntry("stae", "STAE", "maps", ("reconstruct_predict",)),
    "std": ModelEntry("std", "STD (re-interpreted)", "maps", ("reconstruct_last",)),
    "stcen": ModelEntry("stcen", "STCEN (re-interpreted)", "maps", ("predict", "adversarial")),
    "amae": ModelEntry("amae", "AMAE (re-interpreted)", "maps", ("predict",)),
    "stacked_autoencoder": ModelEntry("stacked_autoencoder", "Conv-AE", "maps", ("reconstruct",)),
    "convlstm_autoencoder": ModelEntry(
        "convlstm_autoencoder", "ConvLSTM-AE", "maps", ("reconstruct",)
    ),
    "cnn_lstm": ModelEntry("cnn_lstm", "CNN-LSTM", "maps", _OF_CLASSES),
    "bag_mlp": ModelEntry("bag_mlp", "MLP of bags", "vectors", _OF_BAGS, crops=True),
}

OBJECTIVES: Mapping[str, ObjectiveEntry] = {
    "predict": ObjectiveEntry("predict", "predicting", min_length=2),
    "reconstruct": ObjectiveEntry("reconstruct", "reconstructing"),
    "reconstruct_last": ObjectiveEntry("reconstruct_last", "reconstructing"),
    "reconstruct_predict": ObjectiveEntry(
        "reconstruct_predict", "reconstructing and predicting", min_length=2
    ),
    "adversarial": ObjectiveEntry(
        "adversarial", "predicting, judged by a discriminator,", min_length=2
    ),
    "elbo": ObjectiveEntry("elbo", "bounding the likelihood of"),
    "motion": ObjectiveEntry("motion", "predicting motion", min_length=2),
    "density": ObjectiveEntry("density", "fitting a density of motion", min_length=2),
    "classify": ObjectiveEntry("classify", "classifying", reads=("frame_label",)),
    "recognize": ObjectiveEntry("recognize", "recognising classes by", reads=("video_class",)),
    "segment": ObjectiveEntry("segment", "segmenting", reads=("cell_label",)),
    "mil_ranking": ObjectiveEntry("mil_ranking", "ranking bags of", reads=("video_label",)),
    "mil_topk": ObjectiveEntry("mil_topk", "comparing magnitudes of", reads=("video_label",)),
    "mil_attention": ObjectiveEntry("mil_attention", "attending to", reads=("video_label",)),
}
