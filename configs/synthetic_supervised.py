"""A supervised scanner of flow cells on the synthetic walkway, taught by masks, k-fold by clip.

python -m vadjax.main --config=configs/synthetic_supervised.py

Protocol by_video: it has seen labelled anomalies of each kind, so it is no anomaly detector and
belongs in no column with one_class. It proves that the way from labels to figures works. Chosen on
dataset.seed=1, where 448 fitted clips of 512 gave a prototype a micro AUC of .92
on the other 64, and 96
of 128 gave .81; the k-fold figure of seed 0 has not been computed. About half an hour on two cores.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.dataset.num_train, config.dataset.num_test = 5, 512
    config.dataset.protocol = "by_video"
    config.dataset.num_folds = 4
    config.features.backbone, config.features.tap = "flow", "map"
    config.features.standardize = "place"
    config.window.length, config.window.dilation, config.window.stride = 4, 5, 4
    config.model.name = "place_scanner"
    config.model.channels = (48, 64, 64)
    config.objective.name = "segment"
    config.objective.class_weight = "1,5"
    config.train.epochs, config.train.batch_size = 8, 64
    config.train.optimizer, config.train.weight_decay = "adamw", 1e-3
    config.train.learning_rate, config.train.schedule = 2e-3, "cosine"
    config.score.batch_size = 32
    config.evaluate.threshold = "f1"
    return with_argument(config, arg)
