"""UCF-Crime, one_class: an LSTM predicts the next frame's features.

python -m vadjax.main --config=configs/ucf_crime_lstm.py --config.dataset.data_dir=/data/ucf

Trains on the 800 normal training videos; the 810 abnormal ones, which are labelled as a whole, are
not used. 128 hours of video are decoded once for the index and once for the features, which are
written to disk as they come: allow days on CPU, and 70 GB for the features of this backbone.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucf_crime"
    config.features.height, config.features.width = 224, 288  # nearly the frame's own 3:4
    return with_argument(config, arg)
