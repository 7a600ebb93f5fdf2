"""A search over the demo's scanner, judged by the loss on held-out clips.

python -m vadjax.sweep --config=configs/sweeps/synthetic_search.py --search=sobol --num_runs=16

Protocol one_class on the synthetic set. `--search=random` draws the runs at random;
`--search=halving` stops the worse ones early.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.model.dropout = 0.1
    config.features.aspect = "checkpoint"  # as in configs/synthetic_lstm.py
    return with_argument(config, arg)


def space(add):
    add("train.learning_rate", low=1e-4, high=1e-2, log=True)
    add("model.dropout", low=0.05, high=0.5)
    add("model.units", choices=[(64,), (128,)])
