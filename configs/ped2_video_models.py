"""UCSD Ped2, one_class: the autoencoders and predictors of the field over pixels, one by its name.

python -m vadjax.main --config=configs/ped2_video_models.py:mnad \\
    --config.dataset.data_dir=/data/ped2

Names: mnad, mnad_reconstruct, memae, conv3d_autoencoder, stacked_autoencoder (Conv-AE),
convlstm_autoencoder (ConvLSTM-AE), stae; and std, stcen and amae, which are re-interpreted, as no
code of theirs is public. `ped2_frame_prediction` is a config of its own. Sizes are reduced so that
two cores train them in minutes; `:mnad,paper` has the paper's, which wants a GPU (of the
re-interpreted ones a size that is ours). Further assignments follow:
`:mnad,paper,train.epochs=10`. What to expect: docs/models.md.
"""

from vadjax.config import default_config, with_argument

MODELS = {
    # name: (model, objective, rows, items, reduced size and widths, the paper's)
    "mnad": (
        *("mnad", "predict", 5, 10),
        (64, 96, (16, 32, 64, 128)),
        (256, 256, (64, 128, 256, 512)),
    ),
    "mnad_reconstruct": (
        *("mnad", "reconstruct", 1, 10),
        *((64, 96, (16, 32, 64, 128)), (256, 256, (64, 128, 256, 512))),
    ),
    "memae": (
        *("memae", "reconstruct", 16, 2000),
        *((64, 96, (12, 16, 32, 32)), (256, 256, (96, 128, 256, 256))),
    ),
    "conv3d_autoencoder": (
        *("conv3d_autoencoder", "reconstruct", 16, 2000),
        *((64, 96, (12, 16, 32, 32)), (256, 256, (96, 128, 256, 256))),
    ),
    "stacked_autoencoder": (
        *("stacked_autoencoder", "reconstruct", 10, 2000),
        *((67, 99, (64, 32, 16)), (227, 227, (512, 256, 128))),
    ),
    "convlstm_autoencoder": (
        *("convlstm_autoencoder", "reconstruct", 10, 2000),
        *((67, 99, (32, 16, 8)), (227, 227, (128, 64, 32))),
    ),
    "stae": (
        *("stae", "reconstruct_predict", 32, 2000),
        *((64, 96, (12, 16, 16, 16)), (256, 256, (32, 48, 64, 64))),
    ),
    "std": (
        *("std", "reconstruct_last", 5, 32),
        *((64, 96, (16, 32, 64)), (256, 256, (64, 128, 256, 512))),
    ),
    "stcen": (
        *("stcen", "adversarial", 5, 2000),
        *((64, 96, (16, 32, 64)), (256, 256, (64, 128, 256, 512))),
    ),
    "amae": (
        *("amae", "predict", 5, 2000),
        *((64, 96, (16, 32, 64)), (256, 256, (64, 128, 256, 512))),
    ),
}
OF_COLOUR = ("mnad", "std", "stcen", "amae")
# Adam's learning rate, batch size and epochs of the paper; Conv-AE's was AdaGrad's .01, batch 32.
PAPERS = {
    "mnad": (2e-4, 4, 60),
    "memae": (1e-4, 10, 100),
    "conv3d_autoencoder": (1e-4, 10, 100),
    "stacked_autoencoder": (1e-4, 32, 50),
    "convlstm_autoencoder": (1e-3, 64, 50),
    "stae": (1e-4, 10, 100),  # the paper's are not known here, those of memae
    "std": (1e-4, 8, 50),  # ours, of this and the next two
    "stcen": (2e-4, 4, 60),
    "amae": (2e-4, 4, 60),
}


def get_config(arg: str = ""):
    name, _, arg = (arg or "mnad").partition(",")
    size, _, rest = arg.partition(",")
    if name not in MODELS:
        raise ValueError(f"model {name!r} unknown; choose one of {', '.join(MODELS)}")
    model, objective, rows, items, reduced, published = MODELS[name]
    paper = size == "paper"
    height, width, channels = published if paper else reduced
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.backbone, config.features.tap = "pixels", "map"
    config.features.standardize = "range"
    config.features.height, config.features.width = height, width
    config.window.length = rows
    config.model.name, config.model.channels, config.model.memory = model, channels, items
    config.objective.name = objective
    config.train.batch_size, config.train.learning_rate, config.train.epochs = 8, 1e-3, 8
    config.score.batch_size = 16
    if model == "stae":
        config.score.aggregate = "mean"
    if model == "mnad":
        config.train.schedule = "cosine"
    if paper:
        rate, batch_size, epochs = PAPERS[model]
        config.train.learning_rate, config.train.batch_size = rate, batch_size
        config.train.epochs = epochs
        if model in OF_COLOUR:
            config.features.backbone = "pixels_rgb"
    return with_argument(config, rest if paper else arg)
