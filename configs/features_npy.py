"""Feature files in the place of videos, with the settings of the published notebooks. LEAKY.

python -m vadjax.main --config=configs/features_npy.py \\
    --config.dataset.data_dir=/data/features/umn --config.dataset.feature_name=repvgg_a0

normal_features_NAME.npy and anomaly_features_NAME.npy hold one row a frame and do not say of which
clip it is, so that only splits at window level can be made of them: published_shuffled, as the
notebooks split, and random_window. The published runs are seeds 0 to 4, and the models
model.name=lstm, gru, simple_rnn with 32 units, and lstm_gru with model.units=32,32. On files of
vadjax export-features, whose clips are known, dataset.protocol=by_video and the others run too.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "features"
    config.dataset.protocol = "published_shuffled"
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
