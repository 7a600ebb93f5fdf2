"""What is said of a training of windows once its data are known."""

import pytest

from tests.detectors.test_feature_distance import clip, rows_of
from vadjax import config as configs
from vadjax.detectors.contract import Progress
from vadjax.detectors.window_faults import say_reach
from vadjax.detectors.window_model import WindowModel
from vadjax.errors import UserError
from vadjax.models.tcn import receptive_field
from vadjax.runtime.console import Console


def made(**changes):
    config = configs.default_config()
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return configs.validate(config)


def memory(items):
    names = {"model__name": "memory_autoencoder", "objective__name": "reconstruct"}
    return WindowModel(made(**names, model__memory=items, window__length=4))


def test_a_memory_of_more_items_than_rows_is_refused(tmp_path):
    train, validation = [clip(rows_of(20, 6))], [clip(rows_of(8, 6, seed=1))]
    with pytest.raises(UserError, match=r"model\.memory is 21, and there are 20 rows to train on"):
        progress = Progress(Console(quiet=True), tmp_path)
        memory(21).fit(train, validation, seed=0, progress=progress)
    memory(20).training_data(train, validation)
    other = WindowModel(made(model__memory=21, window__length=4))  # an LSTM reads no such key
    other.training_data(train, validation)


def test_windows_shorter_than_what_a_model_sees_are_noted():
    tcn = {"model__name": "tcn", "model__units": (8,) * 4}
    said = []
    for config in (made(**tcn, window__length=61), made(window__length=2)):
        say_reach(config, said.append)
    assert not said
    say_reach(made(**tcn, window__length=60), said.append)
    assert f"tcn of 4 blocks sees {receptive_field(4)} rows, and windows have 60" in said[0]


def test_the_note_is_printed_before_training(tmp_path, capsys):
    config = made(model__name="tcn", model__units=(4, 4), window__length=4, train__epochs=1)
    train, validation = [clip(rows_of(30, 6))], [clip(rows_of(12, 6, seed=1))]
    progress = Progress(Console(), tmp_path)
    WindowModel(config).fit(train, validation, seed=0, progress=progress)
    assert "tcn of 2 blocks sees 13 rows" in capsys.readouterr().out.replace("\n", " ")
