"""UCSD Ped2, one_class: an LSTM encoder-decoder of 256 units gives the rows of a window back.

python -m vadjax.main --config=configs/ped2_encoder_decoder.py --config.dataset.data_dir=/data/ped2

Folders: as in configs/ped2_lstm.py. Adam at .001, batches of 32, 50 epochs.
What to expect: docs/models.md.
"""

from vadjax.config import default_config, with_argument


def get_config(arg: str = ""):
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.model.name, config.model.units = "lstm_encoder_decoder", (256,)
    config.objective.name = "reconstruct"
    config.score.aggregate = "mean"  # over all windows that hold a frame
    config.train.batch_size, config.train.epochs, config.train.learning_rate = 32, 50, 1e-3
    return with_argument(config, arg)
