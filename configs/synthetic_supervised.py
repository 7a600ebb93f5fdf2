"""A supervised U-Net over flow and appearance, trained on the synthetic walkway's masks, 4 folds.

python -m vadjax.main --config=configs/synthetic_supervised.py

Protocol by_video: it has seen labelled anomalies of each kind, so it is no anomaly detector and
cannot be compared with one_class. It shows that all steps from labels to figures work. Designed
on one split of dataset.seed=1. Micro AUC on seed 0: .962 (.958 to .967 over 640 videos), one run.
On two busy cores 5 minutes to draw (8 GB), 17 to extract (5 GB), 50 to train, 6 for the
rest; up to 19 GB of memory with train.num_devices=2.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.dataset.num_train, config.dataset.num_test = 5, 640
    config.dataset.protocol = "by_video"
    config.dataset.num_folds, config.dataset.holdout = 4, 0.1
    config.features.backbone, config.features.tap = "flow_lite0", "map"
    config.features.standardize = "place"
    config.window.length, config.window.dilation, config.window.stride = 4, 3, 4
    config.model.name = "unet_segmenter"
    config.model.channels, config.model.dropout = (64, 64, 64), 0.2
    config.objective.name = "segment"
    config.objective.class_weight = "1,5"
    config.train.epochs, config.train.batch_size, config.train.mix = 10, 64, 0.5
    config.train.optimizer, config.train.weight_decay = "adamw", 0.05
    config.train.learning_rate, config.train.schedule = 2e-3, "cosine"
    config.score.batch_size = 32
    config.evaluate.threshold = "f1"
    config.explain.maps = config.explain.videos = False  # of 640 clips
    return with_argument(config, arg)
