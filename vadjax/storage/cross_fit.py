"""The detectors of a cross-fit, `detector/crossN`, and what they were made of, `cross.json`."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from vadjax.errors import UserError
from vadjax.storage.artifacts import read_json
from vadjax.storage.files import write_json
from vadjax.storage.state import load_state, save_state


def write_cross(workdir: pathlib.Path, states: Sequence[Any], facts: Mapping[str, Any]) -> None:
    """Write the states of a cross-fit's detectors, and last what they were made of.

    Args:
        workdir: folder of the run.
        states: of each block's detector.
        facts: what they were made of; plain values.
    """
    (workdir / "detector" / "cross.json").unlink(missing_ok=True)
    for index, state in enumerate(states):
        save_state(workdir / "detector" / f"cross{index}", state)
    write_json(workdir / "detector" / "cross.json", facts)


def read_cross_facts(workdir: pathlib.Path) -> dict | None:
    """Return what the detectors of a cross-fit were made of; None where there are none."""
    if not (workdir / "detector" / "cross.json").is_file():
        return None
    try:
        return read_json(workdir / "detector", "cross.json")
    except UserError:  # damaged: they are fitted again
        return None


def read_cross(workdir: pathlib.Path, index: int) -> Any:
    """Return the state of one of a cross-fit's detectors.

    Args:
        workdir: folder of the run.
        index: of the block.

    Returns:
        What `write_cross` wrote.
    """
    return load_state(workdir / "detector" / f"cross{index}")
