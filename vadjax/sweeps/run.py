"""From a list of runs to tables: what the door `vadjax.sweep` calls."""

import pathlib
from collections.abc import Sequence

from vadjax.console import Console
from vadjax.errors import UserError
from vadjax.sweeps.plan import VARYING, Spec, grouped


def run(
    specs: Sequence[Spec],
    workdir: pathlib.Path,
    *,
    dry_run: bool = False,
    slots: int = 0,
    command: str = "",
    quiet: bool = False,
) -> dict[str, str]:
    """Say what will be done, do it, and put the finished runs into tables.

    Returns:
        The failed runs and why.

    Raises:
        UserError: see `local.run_sweep`; or, when all else is done, some runs have failed.
    """
    console = Console(quiet=quiet)
    groups = grouped(specs)
    console.say(f"vadjax: {len(specs)} runs in {len(groups)} groups, a program each, in {workdir}")
    for group in groups:
        console.say(f"  {len(group)} x {_described(group[0])}")
    if dry_run:
        return {}

    from vadjax import comparison
    from vadjax.sweeps.local import run_sweep

    folders, errors = run_sweep(specs, workdir, console=console, slots=slots)
    if folders:
        outs = [workdir / f"results.{suffix}" for suffix in ("csv", "xlsx", "html")]
        comparison.run([str(f) for f in folders], console=console, outs=outs, command=command)
    if errors:
        listed = "".join(f"\n  {name}: {why}" for name, why in errors.items())
        raise UserError(f"{len(errors)} of {len(specs)} runs failed:{listed}")
    return errors


def _described(spec: Spec) -> str:
    c = spec.config
    words = [c.dataset.name, c.dataset.protocol, c.features.backbone, c.model.name]
    words += [f"{k}={v}" for k, v in spec.values.items() if k not in VARYING]
    return ", ".join(dict.fromkeys(map(str, words)))
