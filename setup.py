"""A shim: pyproject.toml has the settings. A wheel gets configs/ as the folder vadjax/configs."""

import pathlib
import shutil

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).parent


class BuildWithConfigs(build_py):
    """Copies the shipped configs into the package, where `vadjax.config.shipped` finds them."""

    def run(self) -> None:
        """Build the package, then copy."""
        super().run()
        if not self.editable_mode:  # a checkout has them beside the package
            shutil.copytree(
                HERE / "configs",
                pathlib.Path(self.build_lib) / "vadjax" / "configs",
                ignore=shutil.ignore_patterns("__pycache__"),
                dirs_exist_ok=True,
            )


setup(cmdclass={"build_py": BuildWithConfigs})
