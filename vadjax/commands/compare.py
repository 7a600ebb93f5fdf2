"""Put finished runs into one table, with intervals and paired tests.

vadjax compare WORKDIR [WORKDIR ...] [--out=FILE] [--figures=DIR]

  vadjax compare runs/* --out=results.xlsx --out=results.html
  vadjax compare runs/lstm runs/gru --pair=runs/lstm,runs/gru

WORKDIR        folder of a finished run (vadjax train, or DIR/runs/* of a sweep)
--out=FILE     .xlsx, .csv, .md or .html; may be repeated
--figures=DIR  box plots, bars and csv files in the published form
--tables=s4    tables 1 to 4 of Elavarasi et al.: accuracy and motion of each
               video, settings; with --figures their figures 2 to 6
--metrics=A,B    columns beside the AUC, e.g. accuracy,precision,recall,f1
--workbooks=DIR  a workbook for each data set in the published form, all text
--pair=A,B     paired test of two runs; may be repeated
--published=FILE  published workbook to set beside, marked as leaky

Runs that differ in the seed alone become one row, mean and standard deviation.
Runs of different data, labels or protocols are kept in separate tables.
Exits 1 if a workdir could not be used.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.compare`."""
    from vadjax import compare as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, "--", *rest])
