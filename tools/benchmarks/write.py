"""Writes a report as json, Markdown and csv, named by suite, device, precision and version."""

import csv
import pathlib
import re
from collections.abc import Mapping

import vadjax
from tools.benchmarks import report as reports
from vadjax.storage.files import atomic_write, write_json


def stem(report: Mapping) -> str:
    """Return the name of a report's files without suffix.

    >>> stem({"suite": "cam", "precision": "float32", "environment": {"device": "NVIDIA H100"}})
    'cam-nvidia_h100-float32-0.1.0'
    """
    device = re.sub(r"[^a-z0-9]+", "_", report["environment"]["device"].lower()).strip("_")
    return f"{report['suite']}-{device}-{report['precision']}-{vadjax.__version__}"


def write(report: Mapping, folder: pathlib.Path) -> list[pathlib.Path]:
    """Write the three files atomically and return their paths.

    Raises:
        UserError: the folder cannot be written.
    """
    base = folder / stem(report)
    paths = [base.with_name(f"{base.name}.{ending}") for ending in ("json", "md", "csv")]
    write_json(paths[0], report)
    with atomic_write(paths[1]) as beside:
        beside.write_text(reports.markdown(report), encoding="utf-8")
    with atomic_write(paths[2]) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, reports.COLUMNS)
        writer.writeheader()
        writer.writerows(reports.rows(report))
    return paths
