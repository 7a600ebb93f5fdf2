"""UCSD Ped2, by_video: CNN-LSTM on 20 frames of 32x32.

As firasabdelaziz/AnomalyDetectionDeepLearning has it.

python -m vadjax.main --config=configs/ped2_cnn_lstm.py --config.dataset.data_dir=/data/ped2

Its split, overlapping windows at random, which measures memorisation:

    --config=configs/ped2_cnn_lstm.py:dataset.protocol=random_window,evaluate.threshold=half

Its data set: dataset.name=ucsd_ped1. Its size for `main.py`: features.height=64,
features.width=64. The published labels call one test clip abnormal throughout and all others
normal; ours are the official ones. Training goes on where it
stopped; a run that is there is loaded, not trained again.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.dataset.protocol = "by_video"
    config.features.backbone, config.features.tap = "pixels_rgb", "map"
    config.features.height, config.features.width = 32, 32
    config.window.length = 20
    config.model.name, config.model.channels = "cnn_lstm", (32, 64)
    config.model.units, config.model.head = (256, 128), "firas"
    config.objective.name, config.objective.class_weight = "classify", "none"
    config.train.batch_size, config.train.epochs = 32, 20
    config.score.batch_size = 64
    config.evaluate.threshold = "f1"
    return with_argument(config, arg)
