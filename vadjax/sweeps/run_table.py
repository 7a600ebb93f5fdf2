"""The runs of a sweep as one table with a row for each: runs.csv and runs.parquet."""

import pathlib
from collections.abc import Mapping, Sequence

from vadjax.comparison.load_run import read_run
from vadjax.errors import UserError
from vadjax.storage.csv_tables import write_csv
from vadjax.storage.files import atomic_write
from vadjax.sweeps.best import heldout_loss
from vadjax.sweeps.plan import Spec

COLUMNS = (
    *("run", "status", "dataset", "protocol", "backbone", "model"),
    *("heldout_loss", "auc_micro", "ci95_low", "ci95_high", "leakage", "train_s"),
    *("error", "workdir"),
)


def run_rows(specs: Sequence[Spec], folder: pathlib.Path, errors: Mapping[str, str]) -> list[dict]:
    """Return a flat row for every run: its settings, its metrics, its status.

    Args:
        specs: all runs of the sweep.
        folder: the folder of all runs.
        errors: {run's name: why it failed}.

    Returns:
        Rows of `COLUMNS` and the keys that the sweep adds; unknown values are None, and the
        status is "done", "failed" or "stopped" (by a search).
    """
    keys = list(dict.fromkeys(key for spec in specs for key in spec.values))
    rows = []
    for spec in specs:
        workdir, c = folder / spec.name, spec.config
        row = dict.fromkeys(COLUMNS) | {
            "run": spec.name,
            "status": "failed" if spec.name in errors else "done",
            "dataset": c.dataset.name,
            "protocol": c.dataset.protocol,
            "backbone": c.features.backbone,
            "model": c.model.name,
            "error": errors.get(spec.name),
            "workdir": str(workdir),
        }
        if spec.name not in errors:
            row |= {"heldout_loss": heldout_loss(workdir), **_metrics(workdir)}
        rows.append(row | {key: _plain(spec.values.get(key)) for key in keys})
    return rows


def _metrics(workdir: pathlib.Path) -> dict:
    if (workdir / "stopped.json").is_file():
        return {"status": "stopped"}
    try:
        run = read_run(workdir)
    except UserError as error:
        return {"status": "failed", "error": str(error)}
    low, high = run.at("frame.auc_micro_ci95") or (None, None)
    return {
        "auc_micro": run.at("frame.auc_micro"),
        "ci95_low": low,
        "ci95_high": high,
        "leakage": run.leakage,
        "train_s": run.at("timing.train_epochs_s"),
    }


def write_runs(workdir: pathlib.Path, rows: Sequence[Mapping]) -> list[str]:
    """Write runs.csv, and runs.parquet where pandas and pyarrow are installed.

    Args:
        workdir: the sweep's folder.
        rows: at least one; what `run_rows` returned.

    Returns:
        Lines that say what was written.
    """
    path = workdir / "runs.csv"
    columns = list(rows[0])
    write_csv(path, [columns, *([row.get(key) for key in columns] for row in rows)])
    lines = [f"wrote {path}"]
    try:
        import pandas
        import pyarrow  # noqa: F401, what pandas writes parquet with
    except ImportError:
        return [
            *lines,
            "no runs.parquet: it needs pandas and pyarrow, pip install 'vadjax[tables]'",
        ]
    frame = pandas.DataFrame(rows)
    for key, values in frame.items():  # parquet columns have one type: mixed values become text
        kinds = {type(value) for value in values if value is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            frame[key] = [None if value is None else str(value) for value in values]
    with atomic_write(workdir / "runs.parquet") as temporary:
        frame.to_parquet(temporary, index=False)
    return [*lines, f"wrote {workdir / 'runs.parquet'}"]


def _plain(value):
    return "x".join(map(str, value)) if isinstance(value, (tuple, list)) else value
