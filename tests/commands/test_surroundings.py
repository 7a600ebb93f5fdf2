"""What surrounds a command: no home folder, a terminal of ASCII, fonts that lack a script."""

import dataclasses
import os
import subprocess
import sys
import warnings

import cv2
import numpy as np
import pytest

from tests.report import demo
from vadjax.report.figures import write_figures
from vadjax.runtime.console import Console

# The user is not in the password file either, as in a container that runs under a number.
HOMELESS = """
import os, pwd, runpy, sys
os.environ.pop("HOME", None)
def unknown(*_):
    raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
runpy.run_module("vadjax", run_name="__main__", alter_sys=True)
"""
ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
NAME = "夜の歩道 \N{WAVING HAND SIGN} café"


def homeless(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-c", HOMELESS, *map(str, arguments)],
        capture_output=True,
        timeout=300,
        env={**os.environ, **variables},
    )


def write_clips(folder, num_frames):
    """Write folders of images with names in several scripts: two to learn from, one to test."""
    rng = np.random.default_rng(0)
    for clip in (f"train/{NAME}", "train/b", f"test/{NAME}"):
        place = folder / clip
        place.mkdir(parents=True)
        for n in range(num_frames):
            frame = rng.integers(0, 60, (48, 64, 3)).astype(np.uint8)
            frame[10:20, n : n + 10] = 255
            (place / f"{n:03d}.png").write_bytes(cv2.imencode(".png", frame)[1].tobytes())
    return folder


def test_without_a_home_folder_one_line_says_what_to_give(tmp_path):
    done = homeless("inspect", "folder", f"--data_dir={write_clips(tmp_path / 'v', 2)}")
    assert done.returncode == 1 and done.stdout == b""
    [line] = done.stderr.decode().splitlines()
    assert line.startswith("vadjax: the home folder is not known: set the variable HOME")
    assert "--config.features.cache_dir=FOLDER" in line


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, r"\u591c\u306e"),
        ({"PYTHONUTF8": "0"}, r"\xe5\xa4\x9c"),  # names of files are bytes then
    ],
)
def test_a_terminal_of_ascii_shows_escapes(tmp_path, more, shown):
    data_dir = write_clips(tmp_path / "v", 2)
    (data_dir / "train" / f"{NAME}.txt").write_text("")  # is said to be left out
    asked = ["inspect", "folder", f"--data_dir={data_dir}", f"--cache_dir={tmp_path / 'c'}"]
    done = homeless(*asked, **ASCII, **more)
    assert done.returncode == 0 and done.stderr == b""
    assert shown in done.stdout.decode("ascii")


def test_fonts_without_a_script_are_silent(tmp_path, capfd):
    video = dataclasses.replace(demo.videos(num=1, num_pictures=0)[0], id=f"test/{NAME}")
    arguments = {"metrics": {}, "videos": [video], "history": []}
    with pytest.warns(UserWarning, match="Glyph"):  # else there is nothing to be silent about
        write_figures(tmp_path / "a", **arguments)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with Console(quiet=True).attached():
            paths = write_figures(tmp_path / "b", **arguments)
    assert warned == [] and paths
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_a_whole_run_without_home_and_in_ascii(tmp_path):
    data_dir = write_clips(tmp_path / "videos", 24)
    run, cache = tmp_path / NAME, f"--config.features.cache_dir={tmp_path / 'cache'}"
    small = ["--config.features.backbone=mobilenetv2_100", "--config.features.weights=random"]
    small += ["--config.features.height=32", "--config.features.width=32", "--epochs=2"]
    small += ["--config.window.length=4", "--config.evaluate.cross_fit=0"]
    data = f"--data_dir={data_dir}"
    done = homeless("train", "folder_lstm", data, f"--workdir={run}", cache, *small, **ASCII)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    done.stdout.decode("ascii")
    assert NAME in (run / "report.html").read_text(encoding="utf-8")
    out = tmp_path / "out"
    done = homeless("detect", f"--workdir={run}", f"--out={out}", data_dir / "test", **ASCII)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b"" and NAME in (out / "scores.csv").read_text(encoding="utf-8")
    done = homeless("compare", run, f"--out={tmp_path / 'table.html'}", **ASCII)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
