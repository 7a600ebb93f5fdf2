"""Train on each data set or camera, test on each: what is left of AUC and threshold elsewhere.

python -m vadjax.transfer RUN_OR_CONFIG RUN_OR_CONFIG ... [--out=DIR]
python -m vadjax.transfer --scenes=each CONFIG [--out=DIR]
"""

import pathlib

from absl import flags

from vadjax import cli
from vadjax.errors import UserError

_OUT = flags.DEFINE_string("out", "runs/transfer", "Where the results and new runs go.")
_SCENES = flags.DEFINE_enum(
    "scenes", None, ["each", "unseen"], "One config: a run for each camera, on it or on the others."
)
_QUIET, _VERBOSE = cli.define_output_flags(__name__)


def main(argv: list[str]) -> None:
    """Read the runs, then train what is missing and test."""
    items, out = argv[1:], cli.folder_of(_OUT.value, flag="--out")
    if not items:
        raise UserError("name finished runs or configs: vadjax transfer RUN RUN ... --out=DIR.")
    from vadjax.pipeline.transfer import Home, transfer

    if _SCENES.value:
        homes = _by_scene(items, out, unseen=_SCENES.value == "unseen")
    else:
        homes = [Home(*home) for home in _homes(items, out)]
    output = {"command": cli.command(), "quiet": _QUIET.value, "verbose": _VERBOSE.value}
    if _SCENES.value == "unseen":
        from vadjax.pipeline.transfer import hold_out

        hold_out(homes, out, **output)
        return
    transfer(homes, out, **output)


def _homes(items: list[str], out: pathlib.Path) -> list[tuple]:
    """Return name, workdir and config of each item, a finished run or a config.

    Configs are called by their file, the second of a name "NAME-2".
    """
    from vadjax import api

    homes: list[tuple] = []
    for item in items:
        if (folder := cli.path_of(item)).is_dir() and (folder / "config.json").exists():
            homes.append((folder.name, folder, None))
            continue
        stem = pathlib.Path(item.partition(":")[0]).stem
        same = sum(name.partition("-")[0] == stem for name, *_ in homes)
        name = f"{stem}-{same + 1}" if same else stem
        homes.append((name, out / "runs" / name, api.load_config(item)))
    return homes


def _by_scene(items: list[str], out: pathlib.Path, *, unseen: bool) -> list:
    """Return a home for each camera of the data set of one config that has test clips."""
    if len(items) != 1:
        raise UserError("--scenes takes one config, of a data set with several cameras.")
    from vadjax import api
    from vadjax.pipeline.transfer import homes_by_scene

    return homes_by_scene(api.load_config(items[0]), out, unseen=unseen)


if __name__ == "__main__":
    cli.run(main)
