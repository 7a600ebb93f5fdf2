"""ShanghaiTech Campus, one_class: an LSTM predicts the next frame's features, all cameras at once.

python -m vadjax.main --config=configs/shanghaitech_lstm.py --config.dataset.data_dir=/data/sh

The official archive, or training clips as images in training/frames. The weakly supervised split:
--config.dataset.split=rtfm or mist, of whose training clips the normal ones are used here.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "shanghaitech"
    config.features.height, config.features.width = 224, 400  # nearly the frame's own 480:856
    return with_argument(config, arg)
