"""The rows of the table: every model by its shipped config, at a size that two cores train.

A row is a family, a config with its argument, and what differs from it; `BUDGET` says what all rows
of a family share.
"""

from typing import Any, NamedTuple

SCANNERS = {  # as configs/sweeps/models.py has them
    "simple_rnn": (128,),
    "lstm": (128,),
    "gru": (128,),
    "lstm_gru": (64, 64),
    "transformer": (128, 128),
    "tcn": (64, 64, 64, 64),
    "attention_pooling": (128,),
    "dense": (256, 128),
}
OF_ROWS = {
    "dense_autoencoder": "reconstruct",
    "memory_autoencoder": "reconstruct",
    "vae": "elbo",
}
BUDGET = {
    "sequence": "pooled features of EfficientNet-Lite0, 30 epochs at most (table 4: 50)",
    "pixels": "grey frames of 64x96 (67x99), narrow networks, 4 epochs of every fourth window "
    "(stae: of every sixteenth)",
    "images": "stages of EfficientNet-Lite0, one fit on all normal frames; places.dims=32 of padim",
    "labels": "protocols by_video (honest) and random_window (leaky), 20 frames of 32x32, 4 epochs "
    "of every fourth window",
}
SMALL = {"window__stride": 4, "train__epochs": 4, "train__patience": 0}
SPARSE = {"window__stride": 4, "train__epochs": 4}
NARROW = {"model__channels": (8, 16, 32, 64)}
NARROW_3D = {"model__channels": (8, 16, 16, 16)}


class Row(NamedTuple):
    """One row of the table.

    Attributes:
        family: a key of `BUDGET`.
        config: name of a shipped config, and its argument behind a colon.
        changes: keys of the config that differ from it, "__" for the dot.
    """

    family: str
    config: str
    changes: dict[str, Any]


def _sequence(**changes: Any) -> Row:
    more = {"train__epochs": 30, "train__patience": 5}
    return Row("sequence", "ped2_lstm", {**more, **changes})


def _pixels(config: str, **changes: Any) -> Row:
    return Row("pixels", config, {**SMALL, **changes})


ROWS: dict[str, Row] = {
    **{n: _sequence(model__name=n, model__units=units) for n, units in SCANNERS.items()},
    **{
        n: _sequence(
            model__name=n, model__units=(256, 64), window__length=1, objective__name=objective
        )
        for n, objective in OF_ROWS.items()
    },
    "lstm_encoder_decoder": _sequence(
        model__name="lstm_encoder_decoder",
        model__units=(256,),
        objective__name="reconstruct",
        score__aggregate="mean",
    ),
    "lstm_encoder_decoder (table 4 of Elavarasi et al.)": Row(
        "sequence", "ped2_elavarasi", {"train__patience": 0, "evaluate__sets": False}
    ),
    "frame_prediction": _pixels("ped2_frame_prediction", **NARROW),
    "mnad (predict)": _pixels("ped2_video_models:mnad", **NARROW),
    "mnad (reconstruct)": _pixels("ped2_video_models:mnad_reconstruct", **NARROW),
    "memae": _pixels("ped2_video_models:memae", **NARROW_3D),
    "conv3d_autoencoder": _pixels("ped2_video_models:conv3d_autoencoder", **NARROW_3D),
    "stacked_autoencoder": _pixels("ped2_video_models:stacked_autoencoder"),
    "convlstm_autoencoder": _pixels(
        "ped2_video_models:convlstm_autoencoder", model__channels=(16, 8, 4)
    ),
    "stae": _pixels("ped2_video_models:stae", model__channels=(8, 16, 16, 16), window__stride=16),
    "std": _pixels("ped2_video_models:std", model__channels=(8, 16, 32)),
    "stcen": _pixels("ped2_video_models:stcen", model__channels=(8, 16, 32)),
    "amae": _pixels("ped2_video_models:amae", model__channels=(8, 16, 32)),
    "padim": Row("images", "ped2_patchcore", {"detector__name": "padim", "places__dims": 32}),
    "patchcore": Row("images", "ped2_patchcore", {}),
    "student_teacher": Row("images", "ped2_patchcore", {"detector__name": "student_teacher"}),
    "cnn_lstm": Row("labels", "ped2_cnn_lstm", SPARSE),
    "cnn_lstm leaky split": Row(
        "labels",
        "ped2_cnn_lstm:dataset.protocol=random_window,evaluate.threshold=half",
        SPARSE,
    ),
}
SETS: dict[str, dict[str, Any]] = {
    "ped2": {},
    "synthetic": {"dataset__name": "synthetic"},
    "avenue": {"dataset__name": "avenue"},
}
SIZES = {  # of the backbone's input: the frame's own shape; of pixels it stays as it is
    "synthetic": {"features__height": 0, "features__width": 0, "features__aspect": "checkpoint"},
    "avenue": {"features__height": 224, "features__width": 384},
}


def changes_of(name: str, data: str) -> dict[str, Any]:
    """Return what differs from the shipped config.

    Args:
        name: of a row.
        data: a key of `SETS`.

    Returns:
        Keys of the config, "__" for the dot -> values.
    """
    row = ROWS[name]
    size = SIZES.get(data, {}) if row.family in ("sequence", "images") else {}
    return {**row.changes, **SETS[data], **size}


def served(name: str, data: str) -> bool:
    """Return whether a row is for a data set: those with labels are for Ped2 alone."""
    return ROWS[name].family != "labels" or data == "ped2"
