"""One config under several seeds."""

import subprocess
import sys

import pytest

from vadjax import config as configs
from vadjax.sweeps.plan import group_by_shape
from vadjax.sweeps.seeds import seeds_of


def test_only_the_seed_differs_and_all_fit_one_program():
    config = configs.default_config()
    config.seed, config.model.units = 5, (8,)
    specs = seeds_of(config, 3)
    assert [spec.config.seed for spec in specs] == [5, 6, 7]
    for spec in specs:
        others = {**configs.flatten(spec.config.to_dict()), "seed": 5}
        assert others == configs.flatten(configs.validate(config).to_dict())
    assert len(group_by_shape(specs)) == 1


@pytest.mark.parametrize("flag", ["--stage=train", "--deterministic"])
def test_what_does_not_go_with_seeds_is_refused(flag, tmp_path):
    command = [sys.executable, "-m", "vadjax", "train", "synthetic_lstm", "--seeds=2", flag]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    name = flag.partition("=")[0]
    assert done.returncode and f"{name} does not go with --seeds" in done.stderr
    assert not [*tmp_path.iterdir()]
