"""Every model of pooled features, three seeds each: on the synthetic walkway, or on another set.

python -m vadjax.sweep --config=configs/sweeps/models.py --workdir=runs/models
python -m vadjax.sweep --config=configs/sweeps/models.py:dataset.name=ucsd_ped2 \\
    --workdir=runs/ped2_models --config.dataset.data_dir=/data/ped2 \\
    --config.features.height=224 --config.features.width=336

Protocol one_class, 30 epochs at most; sizes were not tuned. Results: docs/models.md.
"""

from vadjax.config import default_config, with_argument

SCANNERS = {  # predict the next row
    "simple_rnn": (128,),
    "lstm": (128,),
    "gru": (128,),
    "lstm_gru": (64, 64),
    "transformer": (128, 128),
    "tcn": (64, 64, 64, 64),
    "attention_pooling": (128,),
    "dense": (256, 128),
}
AUTOENCODERS = {  # of single rows: widths and objective
    "dense_autoencoder": ((256, 64), "reconstruct"),
    "memory_autoencoder": ((256, 64), "reconstruct"),
    "vae": ((256, 64), "elbo"),
}
ENCODER_DECODER = {
    "model.name": "lstm_encoder_decoder",
    "model.units": (256,),
    "objective.name": "reconstruct",
    "score.aggregate": "mean",
}
SEEDS = 3


def get_config(arg: str = ""):
    config = default_config()
    config.train.epochs, config.train.patience = 30, 5
    return with_argument(config, arg)


def sweep(add):
    for seed in range(SEEDS):
        for name, units in SCANNERS.items():
            add(seed=seed, **{"model.name": name, "model.units": units})
        for name, (units, objective) in AUTOENCODERS.items():
            model = {"model.name": name, "model.units": units, "window.length": 1}
            add(seed=seed, **model, **{"objective.name": objective})
        add(seed=seed, **ENCODER_DECODER)
