"""Put any number of finished runs into one table.

python -m vadjax.compare WORKDIR [WORKDIR ...] [--out=results.xlsx] [--figures=DIR]

Runs that differ in the seed alone become one row, mean ± standard deviation. Runs of different
data, labels or protocols are kept in tables apart. Exits 1 if a workdir could not be used.
"""

import pathlib

from absl import flags

from vadjax import cli
from vadjax.errors import UserError, unknown

FORMATS = ("csv", "html", "md", "xlsx")
TABLES = ("s4",)

_OUT = flags.DEFINE_multi_string("out", [], "FILE.xlsx, .csv, .md or .html; may be repeated.")
_PUBLISHED = flags.DEFINE_multi_string(
    "published", [], "Published workbook to show beside the runs, as leaky; may be repeated."
)
_PAIR = flags.DEFINE_multi_string(
    "pair", [], "DIR,DIR: runs for a paired test; default: tables with two detectors."
)
_FIGURES = flags.DEFINE_string(
    "figures", "", "Folder for box plots, bars and csv files in the published form."
)
_METRICS = flags.DEFINE_list(
    "metrics", [], "Columns beside the AUC, e.g. accuracy,precision,recall,f1."
)
_TABLES = flags.DEFINE_string(
    "tables", "", "s4: tables 1 to 4 and, with --figures, figures 2 to 6 of Elavarasi et al."
)
_WORKBOOKS = flags.DEFINE_string(
    "workbooks", "", "Folder for a workbook of each data set in the published form."
)


def main(argv: list[str]) -> None:
    """Check the arguments, then compare."""
    if len(argv) < 2:
        raise UserError("name at least one finished run: python -m vadjax.compare runs/*.")
    outs = [cli.path_of(name) for name in _OUT.value]
    for out in outs:
        if out.suffix[1:] not in FORMATS:
            raise unknown("format of --out", out.suffix or out.name, [f".{f}" for f in FORMATS])

    if _TABLES.value and _TABLES.value not in TABLES:
        raise unknown("form of --tables", _TABLES.value, TABLES)
    workdirs = [str(cli.path_of(name)) for name in argv[1:]]
    if not any(pathlib.Path(name).is_dir() for name in workdirs):
        raise UserError(f"none of these is a folder: {', '.join(argv[1:6])}; name finished runs.")
    published = [cli.path_of(name) for name in _PUBLISHED.value]
    for path in published:
        if not path.is_file():
            raise UserError(f"published workbook {path} does not exist.")

    from vadjax.comparison import compare
    from vadjax.runtime.console import Console

    console = Console()
    with console.attached(), console.doing("comparing runs"):
        compare.run(
            workdirs,
            outs=outs,
            published=[pathlib.Path(name) for name in _PUBLISHED.value],
            pairs=_PAIR.value,
            figures=pathlib.Path(_FIGURES.value) if _FIGURES.value else None,
            workbooks=cli.path_of(_WORKBOOKS.value) if _WORKBOOKS.value else None,
            metrics=_METRICS.value,
            article=_TABLES.value == "s4",
            command=cli.command(),
            console=console,
        )


if __name__ == "__main__":
    cli.run(main)
