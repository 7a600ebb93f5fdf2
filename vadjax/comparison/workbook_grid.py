"""The sheet `grid` of a workbook: the form of the published workbooks, as numbers.

Blocks of eight rows at rows 1, 9, 17, ...: the backbone; model and number of seeds; accuracy,
precision, recall, F1, AUC; empty. A model has two columns, the mean and, formatted as "± 0.0003",
the sample standard deviation. Both are numbers, so that AVERAGE works on a row and two neighbouring
cells are pasted as "0.9989 ± 0.0003". Published values of the same data set are further right.
"""

from collections.abc import Mapping, Sequence

from vadjax.comparison.groups import Group
from vadjax.comparison.published import BLOCK, PROTOCOL, PublishedValue
from vadjax.comparison.published import METRICS as PUBLISHED_METRICS
from vadjax.comparison.published import MODELS as PUBLISHED_MODELS
from vadjax.comparison.tables import Table
from vadjax.comparison.workbook_cells import MEAN_FORMAT, SD_FORMAT, make_cell
from vadjax.report import wording

KEYS = ("accuracy", "precision", "recall", "f1", "auc_micro")
NAMES = ("Accuracy", "Precision", "Recall", "F1", "Auc")
PUBLISHED_NOTES = ("published, LEAKY:", PROTOCOL, "± population sd over runs", *(None,) * 5)
MAX_VARIANTS = 200


def add_grid(book, name: str, table: Table, published: Sequence[PublishedValue]) -> None:
    """Add the sheet of a table.

    Args:
        book: a write-only workbook.
        name: of the sheet.
        table: whose groups are on the left.
        published: values on the right.
    """
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    groups = {(g.backbone, g.name): g for g in table.groups}
    variants = sorted({name for _, name in groups} - {*PUBLISHED_MODELS})
    models = [*PUBLISHED_MODELS, *variants[:MAX_VARIANTS]]
    hidden = len(variants[MAX_VARIANTS:])
    more = f"; {hidden} more in sheet groups" if hidden else ""
    values = {(v.backbone, v.model, v.metric): v for v in published}
    backbones = dict.fromkeys([g.backbone for g in table.groups] + [b for b, _, _ in values])
    sheet.freeze_panes = "B1"
    for index in range(2, 3 + 2 * (len(models) + len(PUBLISHED_MODELS))):
        sheet.column_dimensions[get_column_letter(index)].width = 11
    sheet.column_dimensions["A"].width = 58
    sheet.column_dimensions[get_column_letter(2 + 2 * len(models))].width = 34
    for backbone in backbones:
        has_runs = any(group.backbone == backbone for group in table.groups)
        note = _note(table) + more if has_runs else "no run here"
        notes = (table.title, note, *NAMES, None)
        left = [_group_column(groups.get((backbone, model)), model) for model in models]
        right = [_published_column(values, backbone, model) for model in PUBLISHED_MODELS]
        between = PUBLISHED_NOTES if any(top[0][0] for top in right) else (None,) * BLOCK
        for row in range(BLOCK):
            cells = [make_cell(sheet, notes[row], bold=row == 0, soft=row == 1)]
            for column in left:
                cells += _pair(sheet, row, *column[row])
            cells.append(make_cell(sheet, between[row], soft=True))
            for column in right:
                cells += _pair(sheet, row, *column[row], soft=True)
            sheet.append(cells)


def _pair(sheet, row: int, mean, sd, *, soft=False) -> tuple:
    """Return the two cells of a model in a row of a block."""
    if row < 2:
        return make_cell(sheet, mean, bold=row == 0, soft=soft), make_cell(sheet, sd)
    return (
        make_cell(sheet, mean, number_format=MEAN_FORMAT, soft=soft),
        make_cell(sheet, sd, number_format=SD_FORMAT, soft=soft),
    )


def _note(table: Table) -> str:
    """Return what the block's values are and whether they can be trusted."""
    verdict = ", ".join(dict.fromkeys(group.leakage for group in table.groups))
    leakage = "LEAKY" if table.leakage_warning else f"leakage {verdict}"
    warnings = ("warnings: see the first sheet",) if table.warnings else ()
    return "; ".join((leakage, "mean ± sample sd over seeds", *warnings))


def _group_column(group: Group | None, model: str) -> list[tuple]:
    """Return (mean, deviation) of the eight rows; names in the first two."""
    if group is None:
        return [(None, None)] * BLOCK
    heading = f"{model} ({wording.plural(len(group.runs), 'seed')})"
    stats = [group.stat(key) for key in KEYS]
    values = [(stat.mean, stat.sd) for stat in stats]
    return [(group.backbone, None), (heading, None), *values, (None, None)]


def _published_column(values: Mapping, backbone: str, model: str) -> list[tuple]:
    """Return the same for published values."""
    metrics = [values.get((backbone, model, metric)) for metric in PUBLISHED_METRICS]
    if not any(metrics):
        return [(None, None)] * BLOCK
    heading = f"{model} ({next(v.runs for v in metrics if v)} runs)"
    pairs = [(v.mean, v.sd) if v else (None, None) for v in metrics]
    return [(backbone, None), (heading, None), *pairs, (None, None)]
