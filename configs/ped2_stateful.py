"""UCSD Ped2, one_class: an LSTM predicts the next frame's features, its state carried on.

python -m vadjax.main --config=configs/ped2_stateful.py --config.dataset.data_dir=/data/ped2

Trained as ped2_lstm. A score hangs on all frames before its own, and a frame costs one step of the
recurrence instead of a window; metrics.json says after how many frames a state no longer shows
where it began. What to expect: docs/detectors.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.detector.name = "stateful"
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    return with_argument(config, arg)
