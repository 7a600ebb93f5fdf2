"""NWPU Campus, one_class: an LSTM predicts the next frame's features, all cameras at once.

python -m vadjax.main --config=configs/nwpu_campus_lstm.py --config.dataset.data_dir=/data/nwpu

What is abnormal depends on the camera here; --config.dataset.scene=D001 keeps one of the 43.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "nwpu_campus"
    return with_argument(config, arg)
