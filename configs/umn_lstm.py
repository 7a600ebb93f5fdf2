"""UMN, one_class: an LSTM predicts the next frame's features.

python -m vadjax.main --config=configs/umn_lstm.py --config.dataset.data_dir=/data/umn

The folder holds Crowd-Activity-All.avi, or one file a clip. Trains on the first 420 (indoor: 330)
frames of each clip and tests from frame 450 (360) on. Labels: social_force;
--config.dataset.label_version=diego_navaca for the other set in circulation.
The top tenth of every frame is blanked: text that is burned in there gives the labels away.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "umn"
    config.features.height, config.features.width = 224, 288  # nearly the frame's own 3:4
    return with_argument(config, arg)
