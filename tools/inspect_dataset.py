"""Print what is found of a data set against what is expected, and what each deviation means.

    python tools/inspect_dataset.py --name=ucsd_ped2 --data_dir=DIR [--masks_dir=DIR]
    python tools/inspect_dataset.py --name=avenue --data_dir=DIR [--label_version=hasan_intervals]

The first time every frame is decoded once; the index is kept where training looks for it.
"""

import pathlib
import types
from collections.abc import Sequence

from absl import flags
from rich.console import Console
from rich.table import Table

from vadjax import cli, data
from vadjax.config import default_config
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError

_NAME = flags.DEFINE_string("name", "", f"Which data set: {', '.join(data.DATASETS)}.")
_DATA_DIR = flags.DEFINE_string("data_dir", "", "Where it lies.")
_MASKS_DIR = flags.DEFINE_string("masks_dir", "", "Where its masks lie, if elsewhere.")
_LABEL_VERSION = flags.DEFINE_string("label_version", "", "Which labelling; '' is the default.")
_CACHE_DIR = flags.DEFINE_string("cache_dir", "", "Where the index goes; '' is training's own.")


def main(argv: list[str]) -> None:
    """Load the data set and print it."""
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; flags begin with --.")
    if _NAME.value in data.DATASETS and _NAME.value != "synthetic" and not _DATA_DIR.value:
        raise UserError(f"give --data_dir=FOLDER, where {_NAME.value} lies.")
    config = default_config()
    asked = types.SimpleNamespace(**config.dataset.to_dict())
    asked.name, asked.data_dir = _NAME.value, _DATA_DIR.value
    asked.masks_dir, asked.label_version = _MASKS_DIR.value, _LABEL_VERSION.value
    cache_dir = pathlib.Path(_CACHE_DIR.value or config.features.cache_dir)
    show(data.load(asked, cache_dir=cache_dir), Console(highlight=False, soft_wrap=True))


def show(dataset: Dataset, console: Console) -> None:
    """Print totals, clips, coverage and deviations."""
    console.print(f"{dataset.name}, labels: {dataset.label_version}", style="bold")
    for key in ("root", "layout", "label_file", "label_convention", "masks"):
        if dataset.metadata.get(key):
            console.print(f"{key.replace('_', ' ')}: {dataset.metadata[key]}", markup=False)
    expected = dataset.metadata.get("expected", {})
    console.print(_totals(dataset, expected))
    console.print(_clips(dataset, expected))
    if expected:
        console.print(f"coverage: {dataset.coverage or 'complete'}")
    if not dataset.deviations:
        console.print("no deviations")
    for number, deviation in enumerate(dataset.deviations, 1):
        console.print(f"deviation {number}: {deviation.what}", markup=False)
        console.print(f"  meaning: {deviation.meaning}", markup=False)


def _totals(dataset: Dataset, expected: dict) -> Table:
    table = Table("split", title="found / expected")
    for column in ("clips", "frames", "abnormal"):
        table.add_column(column, justify="right")
    for split in ("train", "test"):
        videos, wanted = getattr(dataset, split), expected.get(split, {})
        table.add_row(
            split,
            _pair(len(videos), wanted.get("clips")),
            _pair(sum(len(v.frames) for v in videos), wanted.get("frames")),
            _pair(_abnormal(videos), wanted.get("abnormal")),
        )
    return table


def _clips(dataset: Dataset, expected: dict) -> Table:
    table = Table("clip", title="found / expected, clip by clip")
    for column in ("frames", "abnormal", "size", "fps"):
        table.add_column(column, justify="right")
    for video in (*dataset.train, *dataset.test):
        wanted = expected.get(video.split, {})
        height, width = video.frames.shape
        rate = (
            f"{video.fps:g}{' (assumed)' if video.fps_assumed else ''}" if video.fps else "unknown"
        )
        table.add_row(
            video.id,
            _pair(len(video.frames), wanted.get("lengths", {}).get(video.id)),
            _pair(_abnormal([video]), wanted.get("abnormal_by_clip", {}).get(video.id)),
            f"{width}x{height}",
            rate,
        )
    return table


def _abnormal(videos: Sequence[Video]) -> int | None:
    """Return the number of abnormal frames, or None where there are no labels."""
    if any(video.labels is None for video in videos):
        return None
    return sum(int(video.labels.sum()) for video in videos)


def _pair(found: int | None, wanted: int | None) -> str:
    shown = "unlabelled" if found is None else f"{found:,}"
    return shown if wanted is None else f"{shown} / {wanted:,}"


if __name__ == "__main__":
    cli.run(main)
