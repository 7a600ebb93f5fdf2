"""Learning rates and seeds of the demo's scanner, as one population.

python -m vadjax.sweep --config=configs/sweeps/synthetic_rates.py --workdir=runs/synthetic_rates

Protocol one_class on the synthetic set; 12 runs in one compiled program.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.features.aspect = "checkpoint"  # as in configs/synthetic_lstm.py
    return with_argument(config, arg)


def sweep(add):
    for rate in (3e-4, 1e-3, 3e-3):
        for seed in range(4):
            add(seed=seed, **{"train.learning_rate": rate})
