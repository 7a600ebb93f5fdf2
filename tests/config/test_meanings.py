"""A key of another library is answered with ours, by what it means before how it is spelt."""

import pytest

from vadjax import config as configs
from vadjax.config.meanings import _MEANT

KNOWN = configs.flatten(configs.default_config().to_dict())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("model.hidden", "model.units"),
        ("hidden_size", "model.units"),
        ("lr", "train.learning_rate"),
        ("train.lr", "train.learning_rate"),
        ("num_epochs", "train.epochs"),
        ("epochs", "train.epochs"),
        ("data_dir", "dataset.data_dir"),
        ("data", "dataset.data_dir"),
        ("model.batch_size", None),  # three sections have one
        ("train.epoch", "train.epochs"),
        ("window.lenght", "window.length"),
        ("gpus", "train.num_devices"),
        ("seq_len", "window.length"),
    ],
)
def test_the_key_that_is_meant(name, key):
    text = str(configs.unknown_key(name, KNOWN))
    assert f"'{name}' unknown" in text and (key is None or f"Did you mean '{key}'" in text)


def test_meanings_are_keys_that_exist():
    assert set(_MEANT.values()) <= set(KNOWN)
