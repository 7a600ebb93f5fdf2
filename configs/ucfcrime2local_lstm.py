"""UCFCrime2Local, one_class: an LSTM predicts the next frame's features.

python -m vadjax.main --config=configs/ucfcrime2local_lstm.py --config.dataset.data_dir=/data/ucf

The folder holds the videos of UCF-Crime and the annotation of UCFCrime2Local. Trains on the normal
training videos; frames with a box are abnormal.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucfcrime2local"
    config.features.height, config.features.width = 224, 288  # nearly the frame's own 3:4
    return with_argument(config, arg)
