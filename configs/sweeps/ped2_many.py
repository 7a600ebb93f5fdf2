"""UCSD Ped2: 1,024 LSTMs of 32 units, 64 learning rates by 16 seeds, 30 epochs each.

python -m vadjax.sweep --config=configs/sweeps/ped2_many.py --workdir=runs/ped2_many \\
    --config.dataset.data_dir=/data/ped2

One compiled program; nobody stops early, so that the last line, detectors/hour, can be compared
between machines (docs/scaling.md).
"""

from vadjax.config import default_config, with_argument

RATES, SEEDS = 64, 16


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.model.name, config.model.units = "lstm", (32,)
    config.train.epochs, config.train.patience = 30, 0
    return with_argument(config, arg)


def sweep(add):
    for step in range(RATES):
        for seed in range(SEEDS):
            add(seed=seed, **{"train.learning_rate": 1e-4 * 10 ** (2 * step / (RATES - 1))})
