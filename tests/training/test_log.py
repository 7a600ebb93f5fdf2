"""The log of a training loads nothing that a run does not need."""

import subprocess
import sys

PROGRAM = """
import pathlib, sys
from vadjax.training.log import EpochLog

row = {"train_loss": 1.0, "select_loss": 2.0, "learning_rate": 1e-3, "windows_per_s": 4.0}
row |= {"wall_s": 1.0, "step": 1}
log = EpochLog(pathlib.Path(sys.argv[1]), "", [row])
log.write({**row, "step": 2})
log.close()
assert "torch" not in sys.modules, "PyTorch was loaded, or is still hidden"
assert list(pathlib.Path(sys.argv[1]).glob("tensorboard/events*"))
"""


def test_tensorboard_is_written_without_pytorch(tmp_path):
    """tensorboardX loads PyTorch where it is installed, which takes seconds and memory."""
    program = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
