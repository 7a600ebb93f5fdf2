"""UCSD Ped2, one_class: a GRU predicts the next frame's features.

python -m vadjax.main --config=configs/ped2_gru.py --config.dataset.data_dir=/data/ped2

What to expect: docs/results.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.model.name = "gru"
    return with_argument(config, arg)
