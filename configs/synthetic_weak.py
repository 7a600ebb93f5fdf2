"""The synthetic walkway, weak_by_video: a label for each clip and none for any frame.

python -m vadjax.main --config=configs/synthetic_weak.py

See docs/weak_supervision.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.dataset.protocol = "weak_by_video"
    config.features.aspect = "checkpoint"  # as the figures beside it were made
    config.detector.name = "bag_model"
    config.model.name, config.model.units, config.model.dropout = "bag_mlp", (512, 32), 0.6
    config.objective.name = "mil_ranking"
    config.window.length = 16  # a snippet
    config.train.batches, config.train.batch_size = "pairs", 16
    config.train.epochs, config.train.patience = 100, 0
    return with_argument(config, arg)
