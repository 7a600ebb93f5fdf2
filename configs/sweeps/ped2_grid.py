"""UCSD Ped2: four recurrent models of 32 units, three rates, five seeds, on pooled features.

python -m vadjax.sweep --config=configs/sweeps/ped2_grid.py --workdir=runs/ped2_grid \\
    --config.dataset.data_dir=/data/ped2

Protocol one_class, objective predict, features as configs/ped2_lstm.py has them; 60 runs in four
compiled programs, 30 epochs at most.
"""

from vadjax.config import default_config, with_argument

SCANNERS = {"lstm": (32,), "gru": (32,), "lstm_gru": (32, 32), "simple_rnn": (32,)}


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.train.epochs, config.train.patience = 30, 5
    return with_argument(config, arg)


def sweep(add):
    for model, units in SCANNERS.items():
        for rate in (3e-4, 1e-3, 3e-3):
            for seed in range(5):
                scanner = {"model.name": model, "model.units": units}
                add(seed=seed, **scanner, **{"train.learning_rate": rate})
