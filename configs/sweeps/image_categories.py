"""Images of several categories: a detector for each, their figures, and the mean over categories.

python -m vadjax.sweep --config=configs/sweeps/image_categories.py:mvtec=/data/mvtec \\
    --workdir=runs/mvtec

Or `visa=/data/VisA`. The detector is that of configs/mvtec_knn.py; further parts are config keys of
all runs, such as `mvtec=/data/mvtec,detector=knn`. Every category has a run, with a page, and the
comparison at the end of the sweep gives the mean.
"""

import pathlib

from vadjax import data
from vadjax.config import default_config, with_argument
from vadjax.errors import UserError

DATASETS = ("mvtec", "visa")


def get_config(arg: str = ""):
    name, folder, rest = _parsed(arg)
    config = default_config()
    config.dataset.name, config.dataset.data_dir = name, folder
    config.detector.name = "knn_places"
    config.features.tap = "stage5"  # 112 channels at a 16th of the size: maps
    config.window.length = 1  # an image is a clip of one frame
    return with_argument(config, rest)


def sweep(add, arg: str = ""):
    dataset = get_config(arg).dataset
    opened = data.builder(dataset.name)(dataset, pathlib.Path())  # lists files, decodes none
    for category in opened.categories:
        add(**{"dataset.scene": category} if len(opened.categories) > 1 else {"seed": 0})


def _parsed(arg: str) -> tuple[str, str, str]:
    """Return the data set, its folder, and what is left for every run's config."""
    first, _, rest = arg.partition(",")
    name, _, folder = first.partition("=")
    if name not in DATASETS or not folder:
        raise UserError(
            "image_categories.py wants a data set of images and its folder behind the colon: "
            f"--config=configs/sweeps/image_categories.py:mvtec=DIR; it knows "
            f"{' and '.join(DATASETS)}."
        )
    return name, folder, rest
