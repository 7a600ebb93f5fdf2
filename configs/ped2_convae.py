"""UCSD Ped2, one_class: a convolutional autoencoder over the backbone's last maps.

python -m vadjax.main --config=configs/ped2_convae.py --config.dataset.data_dir=/data/ped2

A frame alone: windows of one row. The error is averaged over locations.
What to expect: docs/results.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.features.tap = "map"
    config.window.length = 1
    config.model.name = "conv_autoencoder"
    config.objective.name = "reconstruct"
    return with_argument(config, arg)
