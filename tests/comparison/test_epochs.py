"""Tables show the epochs that were asked for and those that were trained, as two figures."""

import csv
import json
import pathlib

from tests import runs
from vadjax.comparison import cells, compare, csv_files, rows


def written(tmp_path, name, *, asked, trained, seed=0):
    """Write a run; with `trained` None its metrics do not say, as those of earlier versions."""
    detector = {} if trained is None else {"epochs": asked, "epochs_trained": trained}
    more = {"config": {"train__epochs": asked}, "detector": detector, "seed": seed}
    return runs.write(tmp_path / name, **more)


def table_of(*folders):
    [table] = compare.compare(folders).tables
    return table


def test_epochs_asked_and_trained_are_two_columns(tmp_path):
    folders = [
        written(tmp_path, "a", asked=20, trained=[11], seed=0),
        written(tmp_path, "b", asked=20, trained=[9, 20], seed=1),
    ]
    comparison = compare.compare(folders)
    csv_files.write_csv(tmp_path / "x.csv", comparison)
    [row] = csv.DictReader((tmp_path / "x.csv").open())
    assert (row["epochs_asked"], row["epochs_trained"]) == ("20", "9 to 20")
    [table] = comparison.tables
    names, *values = rows.run_rows(table)
    places = names.index("epochs_asked"), names.index("epochs_trained")
    assert [tuple(row[i] for i in places) for row in values] == [(20, 11), (20, "9 to 20")]
    shown = dict(zip(cells.heading(table), cells.group_cells(table.groups[0], table), strict=True))
    assert shown[cells.EPOCHS] == "9 to 20 (20)"


def test_the_log_says_what_a_run_of_an_earlier_version_was_trained_for(tmp_path):
    """Its config.json was rewritten to 3 epochs, after it was trained for 11."""
    folder = written(tmp_path, "old", asked=3, trained=None)
    lines = [json.dumps({"epoch": n, "step": 1}) for n in range(1, 12)]
    pathlib.Path(folder, "log.jsonl").write_text("\n".join([*lines, '{"epoch": 1']))
    [run] = table_of(folder).runs
    assert (run.epochs_asked, run.epochs_trained) == (3, [11])


def test_a_detector_without_gradient_has_none(tmp_path):
    folder = runs.write(tmp_path / "a", detector={"name": "knn"})
    table = table_of(folder)
    assert table.runs[0].epochs_asked is None
    assert cells.EPOCHS not in cells.heading(table)
