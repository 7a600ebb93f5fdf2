"""The tables of docs/benchmarks.md that are made from docs/benchmarks/*.json."""

import pathlib
from collections.abc import Mapping

from tools.benchmarks.machine_record import FOLDER, ROOT, busy, suites_of
from tools.benchmarks.overview import HEADINGS, summary
from tools.benchmarks.report import machine, table
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN = "<!-- made by `python tools/bench.py docs`; do not edit -->"
END = "<!-- end of what is made -->"


def tables(folder: pathlib.Path = FOLDER) -> str:
    """Return what docs/benchmarks.md holds between its marks: a section for each machine."""
    parts = []
    for path in sorted(folder.glob("*.json")):
        suites = suites_of(path)
        body = [row[:4] for row in summary(suites, {})]
        words = [f"- {suite}: {_conditions(one)}" for suite, one in suites.items()]
        some = machine(next(iter(suites.values())))
        parts += [f"### {path.stem}", "", some, "", *table(HEADINGS[:4], body), "", *words, ""]
    return "\n".join(parts)


def _conditions(one: Mapping) -> str:
    used = f"others used {one['others']:.1f} of {one['environment']['cpu_count']} cores"
    state = "**busy with other work**" if busy(one) else "idle"
    commit = (one["environment"].get("commit") or "unknown")[:10]
    rounds = "1 round" if one["rounds"] == 1 else f"{one['rounds']} rounds"
    return f"{state} ({used}), {rounds}, commit {commit}"


def page(text: str, folder: pathlib.Path = FOLDER) -> str:
    """Return docs/benchmarks.md with its tables as the files have them.

    Raises:
        UserError: the marks are missing.
    """
    head, found, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not (found and ended):
        raise UserError(f"{PAGE} has lost the marks between which its tables stand.")
    return f"{head}{BEGIN}\n\n{tables(folder)}\n{END}{tail}"


def write_page() -> None:
    """Write the tables into docs/benchmarks.md."""
    text = page(PAGE.read_text(encoding="utf-8"))
    with atomic_write(PAGE) as beside:
        beside.write_text(text, encoding="utf-8")
