"""UCSD Ped2: what Elavarasi et al. describe, one part by its name; table 4 of theirs by default.

python -m vadjax.main --config=configs/ped2_elavarasi.py --config.dataset.data_dir=/data/ped2
python -m vadjax.main --config=configs/ped2_elavarasi.py:rnn_sgd \\
    --config.dataset.data_dir=/data/ped2

Names: encoder_decoder (LSTM encoder-decoder of 256 units, .001, batches of 32, 50 epochs; the
article names no optimiser for it, Adam here), rnn_sgd (simple RNN by plain gradient descent, its
equations 5 and 6), hidden_states (deviation of hidden states). Further assignments follow:
`:rnn_sgd,train.epochs=10`. Folders: as in configs/ped2_lstm.py. What to expect: docs/models.md.
"""

from vadjax.config import default_config, with_argument

PARTS = {
    "encoder_decoder": {
        "model.name": "lstm_encoder_decoder",
        "objective.name": "reconstruct",
        "score.aggregate": "mean",  # over all windows that hold a frame
    },
    "rnn_sgd": {"model.name": "simple_rnn", "train.optimizer": "sgd", "train.clip_norm": 0.0},
    "hidden_states": {"model.name": "lstm", "detector.name": "hidden_states"},
}


def get_config(arg: str = ""):
    name, _, rest = arg.partition(",")
    if "=" in name:
        name, rest = "", arg
    if name and name not in PARTS:
        raise ValueError(f"part {name!r} unknown; choose one of {', '.join(PARTS)}")
    config = default_config()
    config.dataset.name = "ucsd_ped2"
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.model.units = (256,)
    config.train.batch_size, config.train.epochs, config.train.learning_rate = 32, 50, 1e-3
    config.evaluate.sets = True  # accuracy and motion of every video: tables 1 to 3
    config.update_from_flattened_dict(PARTS[name or "encoder_decoder"])
    return with_argument(config, rest)
