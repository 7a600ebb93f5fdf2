"""A platform that JAX does not have is told of in one sentence, before anything is made."""

import os
import subprocess
import sys

import jax
import pytest

from vadjax.errors import UserError
from vadjax.runtime import devices

COMMANDS = {
    "train": ["train", "synthetic_lstm"],
    "sweep": ["sweep", "synthetic_rates"],
    "sweep --dry_run": ["sweep", "synthetic_rates", "--dry_run"],
    "list": ["list", "backbones", "resnet18"],
}
HAS_CUDA = os.path.exists("/dev/nvidiactl")


@pytest.mark.parametrize(
    "name",
    [
        "train",
        "list",
        pytest.param("sweep", marks=pytest.mark.slow),
        pytest.param("sweep --dry_run", marks=pytest.mark.slow),
    ],
)
def test_an_absent_platform_is_one_sentence(tmp_path, name):
    platform = "tpu" if HAS_CUDA else "cuda"
    command = [sys.executable, "-m", "vadjax", *COMMANDS[name]]
    if name != "list":
        command += [f"--workdir={tmp_path / 'w'}"]
        command += [f"--config.features.cache_dir={tmp_path / 'c'}"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "JAX_PLATFORMS": platform},
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"vadjax: JAX finds no device of the platform '{platform}'")
    assert line.endswith("install the driver and jax[cuda12].")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AssertionError(), "'cuda'. Unset"),
        (RuntimeError("no driver\nsecond line"), "'cuda' (no driver). Unset"),
    ],
)
def test_what_jax_says_is_given_where_it_says_anything(monkeypatch, error, reason):
    def devices_of_jax():
        raise error

    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    monkeypatch.setattr(jax, "devices", devices_of_jax)
    with pytest.raises(UserError, match="JAX finds no device") as raised:
        devices.check()
    assert reason in str(raised.value)
