"""UCSD Ped2, one_class: an LSTM by place gives a density of the flow.

python -m vadjax.main --config=configs/ped2_place_lstm.py --config.dataset.data_dir=/data/ped2

At each place an LSTM reads how it looked until .6 s ago; with the present look this gives mean and
variance of its flow. No look-ahead. Chosen on Ped2's training clips and pseudo-anomalies in them.
Micro AUC .886 (three seeds, deviation .038), below .950 of flow in a box:
experiments/place_scanners/README.md. The masks come from UCSD's official folder:
--config.dataset.masks_dir=.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.backbone, config.features.tap = "flow_lite0", "map"
    config.window.stride = 4
    config.model.name, config.model.units, config.model.embed = "place_lstm", (16,), 24
    config.objective.name = "density"
    config.train.epochs, config.train.batch_size = 12, 32
    config.train.learning_rate, config.train.schedule = 3e-3, "cosine"
    config.score.batch_size = 32
    return with_argument(config, arg)
