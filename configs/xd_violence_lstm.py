"""XD-Violence, one_class: an LSTM predicts the next frame's features.

python -m vadjax.main --config=configs/xd_violence_lstm.py --config.dataset.data_dir=/data/xd

Trains on the normal training videos; the violent ones, which are labelled as a whole, are not
used. The usual metric of this data set is the average precision, `ap`. 217 hours of video: see
configs/ucf_crime_lstm.py.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "xd_violence"
    return with_argument(config, arg)
