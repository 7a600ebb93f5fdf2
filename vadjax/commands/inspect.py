"""Show what is there of a data set against what is expected of it.

vadjax inspect DATASET [--data_dir=DIR] [--masks_dir=DIR] [--cache_dir=DIR]

  vadjax inspect ucsd_ped2 --data_dir=/data/ped2
  vadjax inspect avenue --data_dir=/data/avenue --label_version=hasan_intervals
  vadjax inspect --download-help shanghaitech

DATASET            one of vadjax list datasets
--data_dir=DIR     where it is
--masks_dir=DIR    where its masks are, if elsewhere
--label_version=V  which labels; the data set's default otherwise
--split=NAME       a published split other than the data set's own
--scene=NAME       clips of one camera alone
--fps=N            frames a second of folders of images, which do not say theirs
--cache_dir=DIR    where the index is kept; the default is that of training
--download-help    print where it comes from and the folder to make, no more
--verify           compare its files with the official checksums, no more
--bias             how well light, size, colour, compression alone tell clips apart

Prints clips, frames and abnormal frames, and each deviation with its meaning.
The first time every frame is decoded once.
"""

import pathlib
from collections.abc import Sequence

from ml_collections import ConfigDict

from vadjax import data
from vadjax.commands.arguments import translate
from vadjax.config import assign, default_config
from vadjax.data.builders.checksums import Verified, verify
from vadjax.errors import UserError
from vadjax.runtime.console import Console

OWN = {"download-help": True, "verify": True, "bias": True}  # flags of this verb; all are switches


def main(arguments: Sequence[str]) -> None:
    """Load a data set and print what it holds."""
    flags, rest = translate([each.replace("download_", "download-") for each in arguments], own=OWN)
    if len(rest) != 1:
        raise UserError(f"name one data set of {', '.join(data.DATASETS)}.")
    asked = {flag.removeprefix("--") for flag in flags} & set(OWN)
    config = default_config()
    for flag in (f"--config.dataset.name={rest[0]}", *flags):
        if flag.removeprefix("--") not in OWN:
            assign(config, flag.removeprefix("--config."))
    name = config.dataset.name
    if "download-help" in asked:
        print("\n".join(_download_help(name)))
        return
    if data.builder(name).needs_data_dir and not config.dataset.data_dir:
        raise UserError(f"give --data_dir=FOLDER, where {name} is.")
    console = Console()
    cache_dir = pathlib.Path(config.features.cache_dir)
    if "verify" in asked:
        with console.attached(), console.doing("comparing checksums"):
            result = _verify(config.dataset, cache_dir)
        print("\n".join(result.lines()))
        if result.wrong or result.missing:
            raise UserError("the files are not all those of the official download.")
        return
    from vadjax.report.dataset import show

    with console.attached(), console.doing("reading the data set"):
        dataset = data.load(config.dataset, cache_dir=cache_dir)
    show(dataset, console.rich)
    if "bias" in asked:
        from vadjax.pipeline.scene_bias import scene_bias
        from vadjax.report.dataset import show_bias

        with console.attached(), console.doing("looking at some frames"):
            found, reasons = scene_bias(dataset.train, dataset.test)
        show_bias(found, reasons, console.rich)


def _download_help(name: str) -> list[str]:
    """Return what to do to get a data set.

    Raises:
      UserError: it is not one that is downloaded.
    """
    cls = data.builder(name)
    if cls.download is None:
        raise UserError(f"{name} is not downloaded: {cls.title.lower()}.")
    return [f"{cls.title} ({name})", *cls.download.lines(name)]


def _verify(dataset_config: ConfigDict, cache_dir: pathlib.Path) -> Verified:
    """Compare the files of a data set with its checksums.

    Raises:
      UserError: none are known, or the folder holds another data set.
    """
    return verify(*data.builder(dataset_config.name)(dataset_config, cache_dir).checksums())
