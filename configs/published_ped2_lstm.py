"""UCSD Ped2, published_shuffled: what published notebooks train, split as they split. LEAKY.

python -m vadjax.main --config=configs/published_ped2_lstm.py:backbone=repvgg_a0 \\
    --config.dataset.data_dir=/data/ped2 --config.seed=0

To reproduce their figures and to show what they measure, for nothing else: nearly every test window
holds frames of training windows. `--config.dataset.protocol=random_window` or `by_video` splits the
same features otherwise, for the same model. The published runs are seeds 0 to 4, and the models
model.name=lstm, gru, simple_rnn with 32 units, and lstm_gru with model.units=32,32.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.dataset.protocol = "published_shuffled"
    config.dataset.augment = "none"  # "rahmani_compat" makes their copies of abnormal frames too
    config.features.preprocess = "rahmani_compat"
    config.features.height = config.features.width = 224
    config.window.length = 10
    config.model.units = (32,)
    config.model.dropout = 0.3
    config.model.head = "rahmani"
    config.objective.name = "classify"
    config.objective.class_weight = "none"
    config.train.epochs, config.train.patience = 50, 5
    config.train.batch_size, config.train.learning_rate = 32, 1e-4
    config.train.clip_norm = 0.0
    config.evaluate.threshold = "half"
    return with_argument(config, arg)
