"""Reads the published workbooks of recurrent networks, whose values are text in a fixed grid.

Columns are the models LSTM, GRU, LSTM_GRU, SimpleRNN; a block of eight rows belongs to a backbone:
its name, a heading with the model and the number of runs, five cells such as
"Auc: 0.9989 ± 0.0004", an empty row. One published column lacks its heading and has its values one
row higher; cells are therefore recognised by their text, and only the block by its position. The ±
is a population standard deviation over runs that share frames between training and test, so that
these values are always shown together with `PROTOCOL`.
"""

import os
import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from vadjax.comparison.workbook_reader import read_rows
from vadjax.errors import UserError

MODELS = ("LSTM", "GRU", "LSTM_GRU", "SimpleRNN")
METRICS = ("accuracy", "precision", "recall", "f1", "auc")
BLOCK = 8  # rows of a backbone
PROTOCOL = "published_shuffled"
DATASETS = {
    "avenue": "avenue",
    "ucsd ped1": "ucsd_ped1",
    "ucsd ped2": "ucsd_ped2",
    "umn": "umn",
    "shanghaitech": "shanghaitech",
}

_NUMBER = r"([0-9]{0,9}\.?[0-9]{1,20})"
_VALUE = re.compile(rf"(\w+)\s*:\s*{_NUMBER}\s*(?:±|\+/-)\s*{_NUMBER}")
_HEADING = re.compile(r"summary for (\w+).*?([0-9]{1,6}) runs?", re.IGNORECASE)
MAX_TEXT = 200  # characters of a cell that are looked at


class PublishedValue(NamedTuple):
    """One published cell: the mean of a metric over runs and its population standard deviation."""

    dataset: str
    backbone: str
    model: str
    metric: str
    mean: float
    sd: float
    runs: int
    source: str


def read_published(path: os.PathLike | str) -> list[PublishedValue]:
    """Read every value of a published workbook.

    Args:
        path: the .xlsx; its name ends with the data set ("... for UCSD Ped2.xlsx"), otherwise
            the stem is the data set's name.

    Returns:
        One `PublishedValue` per cell, block by block, column by column.

    Raises:
        UserError: the file does not exist or is no workbook, no cell has this form, a metric is
            missing, repeated or unknown, a value is outside 0 to 1, or a heading does not match
            the model of its column.
    """
    path = pathlib.Path(path)
    rows = read_rows(path)
    dataset = next((d for k, d in DATASETS.items() if path.stem.lower().endswith(k)), path.stem)
    values = [
        PublishedValue(dataset, *cell, source=path.name)
        for top in range(0, len(rows), BLOCK)
        for cell in _block(rows[top : top + BLOCK], f"{path}, rows {top + 1} to {top + BLOCK}")
    ]
    if not values:
        raise UserError(
            f"{path} has no published values: no cell of its first sheet has the form "
            "'Auc: 0.9989 ± 0.0004'."
        )
    return values


def _block(rows: list[list], where: str) -> Iterator[tuple[str, str, str, float, float, int]]:
    """Yield (backbone, model, metric, mean, sd, runs) of the columns of one block."""
    columns = [
        [cell[:MAX_TEXT].strip() for cell in column if isinstance(cell, str) and cell.strip()]
        for column in zip(*rows, strict=True)
    ]
    first = next((c[0] for c in columns if c and not _is_value_or_heading(c[0])), "")
    counts = {int(m[2]) for c in columns for cell in c if (m := _HEADING.search(cell))}
    common = counts.pop() if len(counts) == 1 else 0
    for index, cells in enumerate(columns):
        values = [match for cell in cells if (match := _VALUE.fullmatch(cell))]
        if not values:
            continue
        heading = next((m for cell in cells if (m := _HEADING.search(cell))), None)
        model = MODELS[index] if index < len(MODELS) else ""
        if heading and model and heading[1] != model:
            raise UserError(f"{where}: {heading[1]}'s heading is above {model}'s column.")
        model = heading[1] if heading else model
        backbone = first if _is_value_or_heading(cells[0]) else cells[0]
        count = int(heading[2]) if heading else common
        here = f"{where}, column {index + 1}"
        if not backbone or not model or not count:
            raise UserError(f"{here}: backbone, model or number of runs is missing.")
        names = [match[1].lower() for match in values]
        if sorted(names) != sorted(METRICS):
            raise UserError(f"{here}: has {', '.join(names)}; expected {', '.join(METRICS)}.")
        for name, match in zip(names, values, strict=True):
            mean, sd = float(match[2]), float(match[3])
            if not (0 <= mean <= 1 and 0 <= sd <= 1):
                raise UserError(f"{here}: {match[0]!r} is outside 0 to 1.")
            yield backbone, model, name, mean, sd, count


def _is_value_or_heading(cell: str) -> bool:
    """Return whether a cell is a value or a heading, and so not a backbone's name."""
    return bool(_VALUE.fullmatch(cell) or _HEADING.search(cell))
