"""UBnormal, one_class: an LSTM predicts the next frame's features.

python -m vadjax.main --config=configs/ubnormal_lstm.py --config.dataset.data_dir=/data/ub

Trains on the normal training videos of all scenes; --config.dataset.split=validation tests on the
validation side.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ubnormal"
    return with_argument(config, arg)
