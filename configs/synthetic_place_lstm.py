"""The synthetic walkway, one_class: an LSTM by place gives a density of the flow.

python -m vadjax.main --config=configs/synthetic_place_lstm.py

As configs/ped2_place_lstm.py, but errors are averaged over fewer frames and not scaled by place:
the choice on dataset.seed=1, by its labels. Micro AUC on
drawing 0 .828 (three seeds, deviation .032): experiments/place_scanners/README.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.features.backbone, config.features.tap = "flow_lite0", "map"
    config.window.stride = 4
    config.model.name, config.model.units, config.model.embed = "place_lstm", (16,), 24
    config.model.mean, config.model.calibrate = 4, "none"
    config.objective.name = "density"
    config.train.epochs, config.train.batch_size = 12, 32
    config.train.learning_rate, config.train.schedule = 3e-3, "cosine"
    config.score.batch_size = 32
    return with_argument(config, arg)
