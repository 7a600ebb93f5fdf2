"""Where a run was made: versions, machine, devices, and vadjax's own git commit."""

import contextlib
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import tomllib
from collections.abc import Mapping

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "opencv-python-headless", "scikit-learn")


def environment(devices: Mapping[str, object]) -> dict:
    """Return versions, machine, devices and git commit for `environment.json`."""
    versions = {"vadjax": sys.modules["vadjax"].__version__}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": _processor(),
        "versions": versions,
        "commit": commit(pathlib.Path(__file__).parents[1]),
        **devices,
    }


def commit(package: pathlib.Path) -> str | None:
    """Return the git commit of vadjax's own repository.

    Args:
        package: the folder of the package.

    Returns:
        The hash, with "-modified" behind it where files of the package differ from it; None where
        the package is not in a repository of its own, such as among the installed packages below
        another project: its version says what it is.
    """
    root = package.resolve().parent
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        if project["name"] != "vadjax" or not (root / ".git").exists():
            return None
        if pathlib.Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root:
            return None
        found = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--", package.name)
        return f"{found}-modified" if changes else found
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        return None


def _git(root: pathlib.Path, *arguments: str) -> str:
    """Return what git says of the repository at `root`, whatever variables name another one."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        env=plain,
        capture_output=True,
        text=True,
        timeout=5,
        check=True,
    )
    return done.stdout.strip()


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
