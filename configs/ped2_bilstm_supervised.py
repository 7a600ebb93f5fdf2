"""UCSD Ped2, by_video: a bidirectional LSTM learns from labels, 4 folds by clip.

python -m vadjax.main --config=configs/ped2_bilstm_supervised.py \\
    --config.dataset.data_dir=/data/ped2

Not comparable with one_class figures: it has seen labelled anomalies of the same scene.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.dataset.protocol = "by_video"
    config.objective.name = "classify"
    config.model.bidirectional = True
    config.model.units = (64,)
    config.model.dropout = 0.3
    config.evaluate.threshold = "f1"
    return with_argument(config, arg)
