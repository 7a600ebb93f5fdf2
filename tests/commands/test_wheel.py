"""The wheel, installed and used in an empty folder: configs by name, a run, a detection."""

import json
import os
import pathlib
import shutil
import site
import subprocess
import sys
import zipfile

import numpy as np
import PIL.Image
import pytest

from tests.commands.test_train import TINY

pytestmark = pytest.mark.slow
ROOT = pathlib.Path(__file__).parents[2]


def run(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build from a copy: setuptools would leave its folders in the checkout, and read old ones."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("vadjax", "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", source, "--no-deps", "--quiet", "-w", folder)
    [file] = folder.glob("vadjax-*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A new environment with the wheel; what it depends on is that of the tests."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", folder)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    run(folder / "bin" / "python", "-m", "pip", "install", "--no-deps", "--quiet", wheel)
    return folder / "bin"


@pytest.fixture
def empty(installed, tmp_path, monkeypatch):
    """An empty folder, where `vadjax` is the installed one."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PATH", f"{installed}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_shipped_config_is_in_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as file:
        packed = {name for name in file.namelist() if name.startswith("vadjax/configs/")}
        assert not any(name.startswith("configs/") for name in file.namelist())
    there = (ROOT / "configs").rglob("*.py")
    assert packed == {f"vadjax/{path.relative_to(ROOT)}" for path in there}


def test_from_an_empty_folder_to_a_detection(empty, installed):
    where = run(installed / "python", "-c", "import vadjax; print(vadjax.__file__)")
    assert pathlib.Path(where).is_relative_to(installed.parent)
    assert "ped2_lstm" in run("vadjax", "list", "configs").split()
    run("vadjax", "train", "synthetic_lstm", "--workdir=run", "--cache_dir=cache", *TINY)
    assert json.loads((empty / "run" / "metrics.json").read_text())["dataset"] == "synthetic"
    clip = empty / "clip"
    clip.mkdir()
    for number in range(9):
        noise = np.random.default_rng(number).integers(0, 256, (96, 128, 3), np.uint8)
        PIL.Image.fromarray(noise).save(clip / f"{number:03d}.png")
    run("vadjax", "detect", "--workdir", "run", clip, "--out=found", "--fps=25")
    assert (empty / "found" / "scores.csv").stat().st_size > 0
