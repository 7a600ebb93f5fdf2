"""Configs by name, values by flag, and what the verb makes of them."""

import json

import pytest

from tests.commands.test_help import vadjax_command
from vadjax.config import shipped
from vadjax.errors import UserError

SMALL = """--num_train=4 --num_test=3 --num_frames=40 dataset.height=96 dataset.width=128
    --backbone=mobilenetv2_100 --weights=random features.height=32 features.width=32
    window.length=4 model.units=(8,) --epochs=1 --patience=0 train.batch_size=16
    --num_bootstrap=20 --nomaps --novideos"""
TINY = SMALL.split()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "name a config: vadjax train CONFIG. Shipped are avenue_gru, "),
        (["ped2_lstn", "--data_dir=d"], "config 'ped2_lstn' unknown"),
        (["ped2_lstm"], "dataset.data_dir is empty"),
        (["none/ped2.py"], "config file none/ped2.py does not exist"),
        (["ped2_lstm", "gru"], "unexpected argument 'gru'"),
        (["ped2_lstm", "train.epoch=1"], "Did you mean 'train.epochs'"),
        (["ped2_lstm", "--data_dir=d", "--epochs=many"], "config.train.epochs"),
        (["synthetic_lstm:detector=flow_bx"], "Did you mean 'flow_box'"),
    ],
)
def test_mistakes_have_one_message(arguments, text):
    done = vadjax_command("train", *arguments)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert text in done.stderr


@pytest.mark.parametrize("flag", ["--skip_broken", "--noskip_broken"])
def test_broken_videos_are_left_out_on_request(tmp_path, flag):
    for name in ("train/a.mp4", "test/b.mp4"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"no video" * 9)
    places = [f"--workdir={tmp_path / 'run'}", f"--cache_dir={tmp_path / 'cache'}"]
    done = vadjax_command("train", "folder_lstm", f"--data_dir={tmp_path}", *places, flag)
    assert done.returncode == 1 and "a.mp4" in done.stderr and "b.mp4" in done.stderr
    assert ("no video is left" in done.stderr) == (flag == "--skip_broken")


def test_names_of_shipped_configs():
    assert "ped2_lstm" in shipped.names() and "ped2_grid" in shipped.names("sweeps")
    assert shipped.find("ped2_lstm").is_file()
    assert shipped.find("ped2_grid", under="sweeps").is_file()
    with pytest.raises(UserError, match="Did you mean 'ped2_lstm'"):
        shipped.find("ped2_lsmt")


def test_a_config_of_ones_own_from_an_empty_folder(tmp_path):
    text = "from vadjax.config import default_config as get_config\n"
    (tmp_path / "my_config.py").write_text(text)
    done = vadjax_command(
        "train", "my_config.py", "--cache_dir=cache", "--workdir", "run", *TINY, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
    assert made["train"]["epochs"] == 1 and made["model"]["units"] == [8]
    assert not made["explain"]["maps"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "vadjax" in page and "my_config.py" in page
    done = vadjax_command("detect", tmp_path / "none.mp4", "--workdir=run", cwd=tmp_path)
    assert done.returncode == 1 and "none.mp4" in done.stderr
