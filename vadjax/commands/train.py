"""Train and evaluate a detector; the same command resumes a stopped run.

vadjax train CONFIG [--workdir=DIR] [--data_dir=DIR] [--epochs=N] [KEY=VALUE ...]

  vadjax train ped2_lstm --data_dir=/data/ped2
  vadjax train my_camera.py --workdir=runs/door --epochs=5 model.units=64,

CONFIG         a shipped config (vadjax list configs) or a .py file of your own
--workdir=DIR  folder of the run; default runs/CONFIG-HASH, new for each config
--stage=NAME   one stage alone: extract, train, score, evaluate, explain, report
--add=CLIPS    further normal clips (a video, or a folder of them) for the trained
               detector of the workdir, which has to be scene; may be repeated
--data_dir=DIR --cache_dir=DIR   where the videos are; where features are kept
--skip_broken --fps=N   leave out videos that cannot be read; rate of folders of images
--seeds=N      N seeds in one program: means with their deviation; DIR is a sweep
--epochs=N --seed=N --backbone=NAME --detector=NAME   and every other key of a
               config: section.key=VALUE, or --key=VALUE where the last part of
               its name is clear; vadjax list keys prints all keys
--quiet --verbose   nothing but errors; details and times. run.log has both
--deterministic  the same bits on any number of cores: one thread on a CPU
--launcher=ray|slurm   extract on many machines; --push=s3://BUCKET   keep the run there
Several machines: --coordinator=HOST:PORT --num_processes=N --process_id=I

Writes report.html, metrics.json, scores.csv, alarms.csv, alarms.jsonl, the detector.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate
from vadjax.config import shipped, unknown_key
from vadjax.errors import UserError


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.main` with the config that is named."""
    from vadjax import main as module

    flags, rest = translate(arguments, own=flags_of(module.__name__))
    cli.run(module.main, [*config_flag(flags, rest, verb="train"), *flags])


def config_flag(
    flags: Sequence[str], rest: Sequence[str], *, verb: str, under: str = ""
) -> list[str]:
    """Return the flag that names the config file; none where --config=FILE is given.

    Args:
        flags: as `translate` returns them.
        rest: what is no flag: the config, by name or file, with :KEY=VALUE behind it or without.
        verb: for messages.
        under: the folder of the shipped configs that is searched.

    Returns:
        One flag, or none.

    Raises:
        UserError: no config, an unknown one, or more than one.
    """
    given = any(flag.startswith("--config=") for flag in flags)
    if len(rest) + given < 1:
        raise UserError(f"name a config: vadjax {verb} CONFIG. " + _shipped(under))
    for text in rest[1 - given :]:
        if "=" in text:
            raise unknown_key(text.partition("=")[0])
        raise UserError(f"unexpected argument {text!r}; one config, flags and KEY=VALUE are taken.")
    if given:
        return []
    name, colon, argument = rest[0].partition(":")
    return [f"--config={shipped.find(name, under=under)}{colon}{argument}"]


def _shipped(under: str) -> str:
    return f"Shipped are {', '.join(shipped.names(under))}."
