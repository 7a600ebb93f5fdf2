"""What is committed of a machine: docs/benchmarks/MACHINE.json, one report of each suite.

A suite that was not measured again stays as it was. The tables of docs/benchmarks.md are made from
these files: `python tools/bench.py docs`.
"""

import json
import pathlib
import re
from collections.abc import Mapping

from tools.benchmarks.report import FORMAT
from vadjax.errors import UserError
from vadjax.storage.files import write_json

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "benchmarks"
IDLE = 0.1  # share of the cores that others may use of a machine that counts as idle


def name_of(environment: Mapping) -> str:
    """Return the name of a machine's file without suffix.

    >>> name_of({"device": "cpu", "processor": "AMD EPYC", "cpu_count": 2, "num_devices": 1})
    'cpu-amd_epyc-2_cores'
    """
    known = environment
    if known["device"] == "cpu":
        parts = ["cpu", known["processor"], f"{known['cpu_count']} cores"]
    else:
        parts = [known["device"], f"{known['num_devices']} devices"]
    return "-".join(re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") for part in parts)


def read(environment: Mapping, folder: pathlib.Path = FOLDER) -> dict:
    """Return the reports that are committed of a machine, {suite: report}; {} where there are none.

    Raises:
        UserError: the file is none of ours.
    """
    path = folder / f"{name_of(environment)}.json"
    if not path.is_file():
        return {}
    return suites_of(path)


def suites_of(path: pathlib.Path) -> dict:
    """Return {suite: report} of a file.

    Raises:
        UserError: it is none of ours.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] == FORMAT:
            return found["suites"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UserError(f"{path} is no record of tools/bench.py all --record.")


def write(found: Mapping, folder: pathlib.Path = FOLDER) -> pathlib.Path:
    """Write the reports of a machine; suites and cases that are not among them stay.

    Args:
        found: as `quick.measure` returns it, with a suite at least.
        folder: where the files lie.

    Returns:
        The path.
    """
    environment = next(iter(found["suites"].values()))["environment"]
    suites = read(environment, folder)
    for suite, one in found["suites"].items():
        before = suites.get(suite, {}).get("results", {})
        suites[suite] = {**one, "results": {**before, **one["results"]}}
    path = folder / f"{name_of(environment)}.json"
    write_json(path, {"format": FORMAT, "suites": suites})
    return path


def busy(one: Mapping) -> bool:
    """Return whether other processes took part of the machine while a suite was measured."""
    return one["others"] > IDLE * one["environment"]["cpu_count"]
