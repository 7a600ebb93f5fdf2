"""CUHK Avenue, one_class: a GRU predicts the next frame's features.

python -m vadjax.main --config=configs/avenue_gru.py --config.dataset.data_dir=/data/Avenue_Dataset

What to expect: docs/results.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "avenue"
    config.features.height, config.features.width = 224, 384  # nearly the frame's own 9:16
    config.model.name = "gru"
    return with_argument(config, arg)
