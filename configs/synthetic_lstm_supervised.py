"""A supervised LSTM on the synthetic walkway, k-fold by clip.

python -m vadjax.main --config=configs/synthetic_lstm_supervised.py

Protocol by_video: it has seen labelled anomalies of each kind, so it is no anomaly detector and
cannot be compared with one_class. Weak (docs/results.md): few labelled clips, pooled features.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "synthetic"
    config.features.aspect = "checkpoint"  # as its published figures were made
    config.dataset.protocol = "by_video"
    config.objective.name = "classify"
    config.evaluate.threshold = "f1"
    return with_argument(config, arg)
