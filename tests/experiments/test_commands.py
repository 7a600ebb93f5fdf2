"""Every experiment and tool can be imported: its --help answers."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
TOOLS = ("bench", "forecast", "list_backbones")
SCRIPTS = (
    *sorted((ROOT / "experiments").glob("*/run.py")),
    *(ROOT / "tools" / f"{name}.py" for name in TOOLS),
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_help(script):
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "usage:" in done.stdout, done.stderr
