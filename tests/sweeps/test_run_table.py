"""The table of a sweep has one row for each run."""

import csv
import sys

import pytest

from tests.sweeps import tiny
from tests.sweeps.test_best import write
from vadjax import config as configs
from vadjax.sweeps import run_table


@pytest.fixture
def rows(tmp_path):
    base = configs.default_config()
    runs = [{"seed": 0, "model.units": (8, 4)}, {"seed": 1}, {"seed": 2}]
    specs = tiny.specs(base, *runs)
    write(tmp_path / specs[0].name, losses=[2, 1.25], auc=0.8)
    write(tmp_path / specs[2].name, losses=[2])
    (tmp_path / specs[2].name / "metrics.json").write_text("{")
    return run_table.run_rows(specs, tmp_path, {specs[1].name: "no luck"})


def test_every_run_has_a_row(rows, tmp_path):
    said = run_table.write_runs(tmp_path, rows)
    assert len(said) == 2 and "runs.parquet" in said[1]
    with (tmp_path / "runs.csv").open() as file:
        done, failed, damaged = csv.DictReader(file)
    assert done["model.units"] == "8x4" and done["status"] == "done"
    assert float(done["heldout_loss"]) == 1.25 and float(done["auc_micro"]) == 0.8
    assert float(done["ci95_low"]) == pytest.approx(0.7) and done["leakage"] == "clean"
    assert failed["status"] == "failed" and failed["error"] == "no luck" and not failed["auc_micro"]
    assert damaged["status"] == "failed" and "damaged" in damaged["error"]


def test_parquet_holds_the_same(rows, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra tables)")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra tables)")
    run_table.write_runs(tmp_path, rows)
    frame = pandas.read_parquet(tmp_path / "runs.parquet")
    assert list(frame.columns) == list(rows[0]) and frame["heldout_loss"][0] == 1.25
    assert frame["error"][1] == "no luck" and frame["seed"].tolist() == [0, 1, 2]


def test_without_pandas_the_csv_is_there(rows, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    said = run_table.write_runs(tmp_path, rows)
    assert "pip install 'vadjax[tables]'" in said[1] and (tmp_path / "runs.csv").is_file()
    assert not (tmp_path / "runs.parquet").exists()
