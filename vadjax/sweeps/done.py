"""Which runs of a sweep are done: whole, and made with what is asked."""

import pathlib
from collections.abc import Sequence

from vadjax import config as configs
from vadjax.comparison import load_run
from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs
from vadjax.sweeps.plan import Spec


def left_of(
    specs: Sequence[Spec], folder: pathlib.Path, console: Console, *, halving: bool = False
) -> list[Spec]:
    """Return the runs that are not done, see `is_done`; say how many are."""
    left = [spec for spec in specs if not is_done(spec, folder, console, halving)]
    if len(left) < len(specs):
        console.say(f"  {len(specs) - len(left)} of {len(specs)} runs are done already")
    return left


def is_done(spec: Spec, folder: pathlib.Path, console: Console, halving: bool = False) -> bool:
    """Say whether a run's results are there, whole and its own; report damage.

    Raises:
        UserError: they are those of another run, which would be lost.
    """
    workdir = folder / spec.name
    stopped = halving and (workdir / "stopped.json").is_file()
    if not stopped and not (workdir / "metrics.json").is_file():
        return False
    try:
        if not stopped:
            load_run.read_run(workdir)
        keys = _changed(spec, workdir)
    except UserError as error:
        console.say(f"  {spec.name} is run again: {error}")
        return False
    if own := [key for key in keys if not configs.is_free(key)]:
        raise UserError(
            f"{workdir} is another run, made with another {', '.join(own)}; give another "
            "--workdir, or remove that folder."
        )
    if keys:
        what = "scored and evaluated" if _after_training(keys) else "run"
        console.say(f"  {spec.name} is {what} again: it was made with another {', '.join(keys)}")
    return not keys


def is_trained(spec: Spec, folder: pathlib.Path) -> bool:
    """Say of a run that is not done whether it was trained as asked, to the end."""
    workdir = folder / spec.name
    try:
        load_run.read_run(workdir)
        return _after_training(_changed(spec, workdir))
    except UserError:
        return False


def _after_training(keys: Sequence[str]) -> bool:
    return all(key.split(".")[0] in configs.OF_FIGURES for key in keys)


def _changed(spec: Spec, workdir: pathlib.Path) -> list[str]:
    """Return the keys that move figures and were others when the run was made."""
    return sorted(configs.changed(workdirs.read_config(workdir), spec.config))
