"""Versions of dependencies: `python tools/requirements.py lock FILE` or `... lowest FILE`.

`lock` writes what the environment of this Python holds: names and versions alone, which any index
can serve. `make lock` calls it on the environment in which CI tests (extras test, parity and docs).
`lowest` writes the lower bound of every direct dependency as its version, a constraint for pip.
"""

import argparse
import pathlib
import platform
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).parents[1]
EXTRAS = ("test",)
LINE = re.compile(r"(?P<name>[\w.-]+)(?P<extras>\[[\w,]+\])?(?P<bounds>[^;]*)")
HEAD = """\
# Versions with which the tests pass: Python {python}, {system}. Written by `make lock`.
# A constraint: `make test LOCKED=1` installs with it, and so does
#   pip install vadjax --constraint requirements.lock
"""


def requirements(extras: tuple[str, ...] = EXTRAS) -> list[str]:
    """Return the direct dependencies of pyproject.toml, those of extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found, waiting = list(project["dependencies"]), list(extras)
    while waiting:
        for line in project["optional-dependencies"][waiting.pop()]:
            match = LINE.match(line)
            assert match is not None
            if match["name"] == project["name"]:  # vadjax[tables,sweep]
                waiting += match["extras"].strip("[]").split(",")
            else:
                found.append(line)
    return found


def lowest(lines: list[str]) -> list[str]:
    """Return each requirement at its lower bound.

    >>> lowest(["jax>=0.10.2,<1", "torch==2.13.0", "ray[tune]>=2.40"])
    ['jax==0.10.2', 'torch==2.13.0', 'ray==2.40']
    """
    pinned = []
    for line in lines:
        match, bound = LINE.match(line), re.search(r"[>=]=\s*([\w.]+)", line)
        assert match is not None and bound is not None, f"{line} has no lower bound"
        pinned.append(f"{match['name']}=={bound[1]}")
    return pinned


def installed() -> list[str]:
    """Return what the environment of this Python holds, with versions."""
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    # A local part, as of torch's "+cpu", is an index's own; a path is this machine's own.
    pinned = [line.partition("+")[0] for line in lines if re.fullmatch(r"[\w.-]+==\S+", line)]
    return sorted(pinned, key=str.lower)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("lock", "lowest"))
    parser.add_argument("file", type=pathlib.Path)
    args = parser.parse_args()
    if args.kind == "lock":
        system = f"{platform.system()} {platform.machine()}"
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        text = HEAD.format(python=python, system=system) + "\n".join(installed())
    else:
        text = "\n".join(lowest(requirements()))
    args.file.write_text(text + "\n")
    print(f"{args.file}: {text.count('==')} packages")


if __name__ == "__main__":
    main()
