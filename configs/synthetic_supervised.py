"""A supervised scanner of flow cells on the synthetic walkway, k-fold by clip.

python -m vadjax.main --config=configs/synthetic_supervised.py

Protocol by_video: it has seen labelled anomalies of each kind, so it is no anomaly detector and
belongs in no column with one_class. Unfinished: on dataset.seed=1, 96 fitted and 32 held-out clips,
variants of it reach a micro AUC of .63 to .70, which grows with the number of clips.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.dataset.num_train, config.dataset.num_test = 5, 128
    config.dataset.protocol = "by_video"
    config.dataset.num_folds = 4
    config.features.backbone, config.features.tap = "flow", "map"
    config.window.length, config.window.dilation, config.window.stride = 4, 5, 2
    config.model.name = "place_scanner"
    config.model.channels = (48, 48, 48)
    config.objective.name = "classify"
    config.train.epochs, config.train.batch_size = 10, 64
    config.train.learning_rate, config.train.schedule = 2e-3, "cosine"
    config.score.batch_size = 32
    config.evaluate.threshold = "f1"
    return with_argument(config, arg)
