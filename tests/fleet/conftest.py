"""A run and new videos that all tests of fleets share."""

import cv2
import numpy as np
import pytest

from tests.sweeps import tiny
from vadjax.pipeline import stages
from vadjax.runtime.console import Console

QUIET = Console(quiet=True)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A workdir of a detector on mean colours."""
    folder = tmp_path_factory.mktemp("fleet")
    config = tiny.one_class(folder / "cache", **tiny_pixels())
    stages.run(config, folder / "run", quiet=True)
    return folder / "run"


def tiny_pixels():
    names = {"backbone": "pixels_rgb", "weights": "", "height": 1, "width": 1}
    return {f"features__{key}": value for key, value in names.items()}


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Five folders of images, of two to nine frames more than a window has."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    for number, count in enumerate((6, 9, 13, 7, 11)):
        (folder / f"clip{number}").mkdir()
        for frame in range(count):
            picture = rng.integers(0, 255, (64, 96, 3), np.uint8)
            cv2.imwrite(str(folder / f"clip{number}" / f"{frame:03d}.png"), picture)
    return folder
