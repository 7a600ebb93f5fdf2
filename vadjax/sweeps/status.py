"""The status of a sweep's runs: pending, trained, or done with the settings that are asked for."""

import pathlib
from collections.abc import Sequence

from vadjax import config as configs
from vadjax.comparison import load_run
from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs
from vadjax.sweeps.plan import Spec


def pending_runs(
    specs: Sequence[Spec], folder: pathlib.Path, console: Console, *, halving: bool = False
) -> list[Spec]:
    """Return the runs that are not done and print how many are.

    Args:
        specs: all runs.
        folder: the folder of all runs.
        console: where messages go.
        halving: see `is_done`.

    Returns:
        The pending runs in their order.

    Raises:
        UserError: see `is_done`.
    """
    pending = [spec for spec in specs if not is_done(spec, folder, console, halving)]
    if len(pending) < len(specs):
        console.say(f"  {len(specs) - len(pending)} of {len(specs)} runs are done already")
    return pending


def is_done(spec: Spec, folder: pathlib.Path, console: Console, halving: bool = False) -> bool:
    """Return whether a run's results are complete and were made with its settings.

    Args:
        spec: the run.
        folder: the folder of all runs.
        console: gets the reason why a run is repeated.
        halving: a run that a search has stopped early also counts as done.

    Returns:
        Whether nothing is left to do.

    Raises:
        UserError: the results are those of another run and would be overwritten.
    """
    workdir = folder / spec.name
    stopped = halving and (workdir / "stopped.json").is_file()
    if not stopped and not (workdir / "metrics.json").is_file():
        return False
    try:
        if not stopped:
            load_run.read_run(workdir)
        keys = _changed_keys(spec, workdir)
    except UserError as error:
        console.say(f"  {spec.name} is run again: {error}")
        return False
    if identity := [key for key in keys if not configs.is_free(key)]:
        raise UserError(
            f"{workdir} is another run, made with another {', '.join(identity)}; give another "
            "--workdir, or remove that folder."
        )
    if keys:
        what = "scored and evaluated" if _after_training(keys) else "run"
        console.say(f"  {spec.name} is {what} again: it was made with another {', '.join(keys)}")
    return not keys


def is_trained(spec: Spec, folder: pathlib.Path) -> bool:
    """Return whether the training of a run that is not done has finished with its settings.

    Args:
        spec: the run.
        folder: the folder of all runs.

    Returns:
        Whether scoring and evaluation are all that is left.
    """
    workdir = folder / spec.name
    try:
        load_run.read_run(workdir)
        return _after_training(_changed_keys(spec, workdir))
    except UserError:
        return False


def _after_training(keys: Sequence[str]) -> bool:
    return all(key.split(".")[0] in configs.OF_FIGURES for key in keys)


def _changed_keys(spec: Spec, workdir: pathlib.Path) -> list[str]:
    """Return the keys that affect results and had other values when the run was made."""
    return sorted(configs.changed(workdirs.read_config(workdir), spec.config))
