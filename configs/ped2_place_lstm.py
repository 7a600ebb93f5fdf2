"""UCSD Ped2, one_class: an LSTM by place gives a density of motion.

python -m vadjax.main --config=configs/ped2_place_lstm.py --config.dataset.data_dir=/data/ped2
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.backbone, config.features.tap = "flow_lite0", "map"
    config.window.stride = 4
    config.model.name, config.model.units = "place_lstm", (32,)
    config.model.embed = 24
    config.objective.name = "density"
    config.train.epochs, config.train.batch_size = 12, 32
    config.train.learning_rate, config.train.schedule = 3e-3, "cosine"
    config.score.batch_size = 32
    return with_argument(config, arg)
