"""`vadjax list` prints what configs may name."""

import ast
import subprocess
import sys

import pytest

from vadjax import backbones
from vadjax.commands import list as verb
from vadjax.config import default_config, flatten
from vadjax.errors import UserError


def test_all_kinds_and_one(capsys):
    verb.main([])
    text = capsys.readouterr().out
    for name in ("ucsd_ped2", "lstm", "window_model", "resnet50", "ped2_lstm", "one_class"):
        assert name in text
    verb.main(["backbones"])
    assert capsys.readouterr().out.split() == backbones.list_backbones()
    verb.main(["keys"])
    keys = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    wanted = flatten(default_config().to_dict())
    assert {key: ast.literal_eval(value) for key, value in keys} == wanted
    verb.main(["datasets"])
    assert "UCSD Ped2" in capsys.readouterr().out
    verb.main(["configs"])
    assert "UCSD Ped2, one_class: a GRU predicts" in capsys.readouterr().out


def test_backbones_in_detail(capsys):
    verb.main(["backbones", "mobilenetv2_100"])
    assert {"3.5 M", "1280", "224 x 224", "0.62"} <= {
        cell.strip() for cell in capsys.readouterr().out.replace("│", "\n").splitlines()
    }


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["backbone"], "Did you mean 'backbones'"),
        (["backbones", "resnet5"], "Did you mean 'resnet50'"),
        (["models", "lstm"], "after backbones alone"),
    ],
)
def test_mistakes(arguments, text):
    with pytest.raises(UserError, match=text):
        verb.main(arguments)


def test_listing_imports_no_jax():
    code = (
        "import sys; from vadjax.commands import list as verb; verb.main([]); "
        "sys.exit('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    assert done.returncode == 0


def test_a_reader_that_has_enough():
    command = f"{sys.executable} -m vadjax list keys | head -n 1"
    for _ in range(2):  # written at the end, and line by line
        done = subprocess.run(command, shell=True, capture_output=True, text=True)
        assert done.stdout.split()[0] in flatten(default_config().to_dict()) and not done.stderr
        command = command.replace("-m vadjax", "-u -m vadjax")
