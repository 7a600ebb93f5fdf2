"""timm imports torchvision, which not every machine with torch has; and the page of errors."""

import os
import pathlib

from tests.parity import page
from tools.torchvision_stand_in import install

install()


def pytest_terminal_summary(terminalreporter):
    """Write the errors as a Markdown page where VADJAX_PARITY_TABLE says so.

    Where only some cases ran (`-k`), their rows take the place of those that are there.
    """
    path = os.environ.get("VADJAX_PARITY_TABLE")
    new: dict[str, list[str]] = {table: [] for table in page.TABLES}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            properties = dict(report.user_properties)
            for table in page.TABLES.keys() & properties.keys():
                new[table].append(f"| {properties[table]} |")
    if path and any(new.values()):
        file = pathlib.Path(path)
        some = bool(terminalreporter.stats.get("deselected"))
        before = page.rows_of(file.read_text()) if some and file.is_file() else {}
        rows = {table: page.merge(before.get(table, []), found) for table, found in new.items()}
        file.write_text(page.whole(rows))
