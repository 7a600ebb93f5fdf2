"""UCSD Ped2, weak_by_video: the three objectives of bags, five seeds each.

python -m vadjax.sweep --config=configs/sweeps/ped2_weak.py --workdir=runs/ped2_weak \\
    --config.dataset.data_dir=/data/ped2

Settings of configs/ped2_weak.py. A seed divides the clips into folds too. What to expect:
docs/weak_supervision.md.
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


def sweep(add):
    for objective in ("mil_ranking", "mil_topk", "mil_attention"):
        for seed in range(5):
            add(seed=seed, **{"objective.name": objective})
