"""Old names of keys and values are accepted, with one line that says the new one."""

import json
import pathlib
import subprocess
import sys

import pytest

from tests import runs
from vadjax import config as configs
from vadjax.comparison.load_run import read_run
from vadjax.config import renamed
from vadjax.storage import workdir


@pytest.fixture(autouse=True)
def reported_anew():
    renamed._report.cache_clear()


@pytest.fixture
def a_renamed_key(monkeypatch):
    monkeypatch.setitem(renamed.KEYS, "window.size", "window.length")


def segmenter(name):
    config = configs.default_config()
    config.dataset.protocol, config.objective.name = "by_video", "segment"
    config.features.tap, config.model.name = "map", name
    return config


def test_an_old_value_is_accepted_with_one_line(capsys):
    config = configs.validate(segmenter("place_scanner"))
    assert config.model.name == "unet_segmenter"
    configs.validate(segmenter("place_scanner"))
    [line] = capsys.readouterr().err.splitlines()
    assert "model.name=place_scanner is called model.name=unet_segmenter now" in line


def test_an_old_key_is_accepted_with_one_line(a_renamed_key, capsys):
    arguments = ["--config=a.py", "--config.window.size=8", "--config.seed=1", "window.size"]
    new = ["--config=a.py", "--config.window.length=8", "--config.seed=1", "window.size"]
    assert renamed.upgrade_arguments(arguments) == new
    config = configs.with_argument(configs.default_config(), "window.size=9")
    assert config.window.length == 9
    assert configs.of_saved({"window": {"size": 7}}).window.length == 7
    [line] = capsys.readouterr().err.splitlines()
    assert "window.size is called window.length now" in line


def test_a_saved_config_keeps_its_values_and_gets_younger_keys():
    saved = json.loads(json.dumps(segmenter("motion_scanner").to_dict(), default=list))
    del saved["window"]["dilation"]
    saved["train"]["gone"] = 3
    saved["model"]["units"] = [8, 4]
    config = configs.of_saved(saved)
    assert config.model.name == "appearance_to_flow" and config.model.units == (8, 4)
    assert config.window.dilation == 1 and "gone" not in config.train


def test_a_run_of_the_old_name_is_resumed_and_compared(tmp_path):
    old, new = segmenter("place_scanner"), segmenter("unet_segmenter")
    saved = json.loads(json.dumps(old.to_dict(), default=list))
    assert configs.changed(saved, new) == []
    path = tmp_path / "run"
    with workdir.opened(path, identity=configs.identity(old)):
        workdir.claim(
            path, config=old.to_dict(), identity=configs.identity(old), data_dir="", videos={}
        )
    with workdir.opened(path, identity=configs.identity(new), upgrade=configs.upgrade):
        pass
    made = pathlib.Path(runs.write(tmp_path / "made", model="place_scanner"))
    assert read_run(made).settings["model.name"] == "unet_segmenter"


def test_the_hash_of_a_run_is_that_of_the_first_version():
    assert configs.run_hash(configs.default_config_before()) == "bdf3be75e8"
    sized = configs.default_config()  # a given size has the hash that it had
    sized.features.height, sized.features.width = 224, 336
    before = configs.default_config_before()
    before.features.height, before.features.width = 224, 336
    assert configs.run_hash(sized) == configs.run_hash(before)
    assert configs.run_hash(configs.default_config()) != "bdf3be75e8"  # other features
    config = configs.default_config_before()
    config.model.name = "unet_segmenter"
    assert configs.run_hash(config) == "8961b1bbd9"  # of place_scanner
    config.train.learning_rate = 0.5
    assert configs.run_hash(config) != "8961b1bbd9"


def test_the_old_key_on_the_command_line(tmp_path):
    code = (
        "import sys; from vadjax.config import renamed; "
        "renamed.KEYS['window.size'] = 'window.length'; "
        "import runpy; runpy.run_module('vadjax.main', run_name='__main__')"
    )
    config = tmp_path / "bad.py"
    config.write_text("from vadjax.config import default_config as get_config\n")
    command = [sys.executable, "-c", code, f"--config={config}", "--config.window.size=0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "window.size is called window.length now" in done.stderr
    assert "window.length is 0; it must be above 0" in done.stderr


def test_old_runs_have_the_size_of_the_checkpoint():
    """Younger keys have the value that a run would have had before they were there."""
    old = json.loads(json.dumps(configs.default_config().to_dict()))
    del old["features"]["aspect"]
    config = configs.of_saved(old)
    assert config.features.aspect == "checkpoint" and not configs.follows_frames(config)
    assert configs.of_saved(configs.default_config().to_dict()).features.aspect == "frames"
    assert configs.changed(old, config) == []
    assert configs.changed(old, configs.default_config()) == ["features.aspect"]
