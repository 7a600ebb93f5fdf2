"""UCSD Ped2, weak_by_video: a label for each clip and none for any frame, 4 folds by clip.

python -m vadjax.main --config=configs/ped2_weak.py --config.dataset.data_dir=/data/ped2

Ped2's training clips are all normal, so that abnormal clips come from its test side
(docs/weak_supervision.md). Not comparable with one_class figures: it has seen clips with anomalies
of the same scene, though not which of their frames are abnormal.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.dataset.protocol = "weak_by_video"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.detector.name = "bag_model"
    config.model.name, config.model.units, config.model.dropout = "bag_mlp", (512, 32), 0.6
    config.objective.name = "mil_ranking"
    config.window.length = 16  # a snippet
    config.train.batches, config.train.batch_size = "pairs", 16
    config.train.epochs, config.train.patience = 100, 0
    return with_argument(config, arg)
