"""Whatever a config file does, the command says one line and ends with status 1."""

import subprocess
import sys

import pytest

from vadjax import api
from vadjax.config import shipped
from vadjax.errors import UserError

START = "from vadjax.config import default_config\ndef get_config(arg=''):\n    "
FILES = {
    "import sys\nsys.exit(0)": "ends the program",
    START + "raise SystemExit('bye')": "ends the program",
    START + "return {'seed': 0}": "dict",
    START + "pass": "None",
    START + "config = default_config()\n    config.model.hidden = 3": "Did you mean 'model.units'?",
    START + "return 1 / 0": "ZeroDivisionError: division by zero",
    START + "return open('/nowhere')": "No such file",
    "def get_config(": "never closed",
    "x = 1": "get_config",
    START + "from ml_collections import ConfigDict\n    return ConfigDict({'seed': 0})": "missing",
}


@pytest.mark.parametrize("text", FILES)
def test_a_config_file_that_fails_is_one_line(tmp_path, text):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(UserError):
        api.load_config(file)
    code, error = command_line(f"--config={file}")
    assert code == 1 and FILES[text] in error and len(error.splitlines()) == 1


START_MAIN = """
import runpy, sys
from vadjax.config import renamed
renamed.KEYS.update({})
sys.argv[0] = "vadjax.main"
runpy.run_module("vadjax.main", run_name="__main__", alter_sys=True)
"""


def command_line(*arguments, keys=()):
    """Run vadjax.main in a process of its own; return its status and what it wrote to stderr.

    Args:
        arguments: of the command.
        keys: pairs of an old and a new key, as if they had been renamed.
    """
    script = START_MAIN.replace("update({})", f"update({dict(keys)!r})")
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stderr


def test_an_old_key_in_a_file_is_answered_with_the_new_one(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(START + "config = default_config()\n    config.window.size = 3")
    code, error = command_line(f"--config={file}", keys=[("window.size", "window.length")])
    assert code == 1 and "'window.size' is called 'window.length' now" in error


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--data_dir=/x", "flag --data_dir unknown; write --config.dataset.data_dir=VALUE"),
        ("--epochs=3", "write --config.train.epochs=VALUE"),
        ("--lr=3", "write --config.train.learning_rate=VALUE"),
        ("--config.model.hidden=3", "Did you mean 'model.units'?"),
        ("--config.seed=-1", "seed is -1"),
        ("--config.train.learning_rate=nan", "train.learning_rate is nan"),
    ],
)
def test_a_wrong_flag_of_main_is_one_line(flag, text):
    config = shipped.find("synthetic_lstm")
    code, error = command_line(f"--config={config}", flag)
    assert code == 1 and text in error and len(error.splitlines()) == 1
