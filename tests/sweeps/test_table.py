"""One row a run; the best is chosen on held-out windows alone."""

import csv
import json
import sys

import pytest

from tests import runs as made
from tests.sweeps import tiny
from vadjax import config as configs
from vadjax.sweeps import table


def write(folder, *, losses, **more):
    """A finished run whose epochs had these held-out losses."""
    made.write(folder, **more)
    lines = [json.dumps({"epoch": n, "select_loss": loss}) for n, loss in enumerate(losses, 1)]
    (folder / "log.jsonl").write_text("\n".join(lines))
    return folder


def test_the_loss_is_the_best_epochs_averaged_over_folds(tmp_path):
    rows = [("fold0", 3.0), ("fold0", 1.0), ("fold0", 2.0), ("fold1", 5.0)]
    text = "\n".join(json.dumps({"name": n, "select_loss": x}) for n, x in rows)
    (tmp_path / "log.jsonl").write_text(text)
    assert table.heldout_loss(tmp_path) == 3.0
    assert table.heldout_loss(tmp_path / "absent") is None


def test_the_best_has_the_least_heldout_loss_whatever_the_test_says(tmp_path):
    found = [
        write(tmp_path / "a0", losses=[3, 1], model="lstm", seed=0, auc=0.6),
        write(tmp_path / "a1", losses=[2], model="lstm", seed=1, auc=0.7),
        write(tmp_path / "b0", losses=[1.5], model="gru", seed=0, auc=0.95),
        write(tmp_path / "b1", losses=[2.5], model="gru", seed=1, auc=0.95),
        # A seed that the others lack, however good, has no say.
        write(tmp_path / "b2", losses=[0.1], model="gru", seed=2, auc=0.95),
    ]
    (chosen,) = table.best(found)
    assert chosen["settings"] == {"model.name": "lstm"} and chosen["candidates"] == 2
    assert chosen["heldout_loss"] == 1.5 and chosen["seeds"] == [0, 1]
    assert chosen["auc_micro"] == pytest.approx(0.65)
    (line,) = table.write_best(tmp_path / "best.json", [chosen])
    assert "by held-out loss over 2 seed(s): model.name=lstm; loss 1.5000, test AUC 0.650" in line


def test_a_detector_that_alone_has_finished_tells_its_settings(tmp_path):
    found = [write(tmp_path / "a", losses=[1], model="gru")]
    assert table.best(found)[0]["settings"] == {}
    axes = ["seed", "model.name", "dataset.seed"]
    assert table.best(found, axes)[0]["settings"] == {"model.name": "gru"}


def test_losses_in_other_units_are_not_compared(tmp_path):
    other = {"config": {"features__backbone": "resnet18"}}
    found = [write(tmp_path / "a", losses=[1]), write(tmp_path / "b", losses=[0.5], **other)]
    assert [row["candidates"] for row in table.best(found)] == [1, 1]
    labelled = {"dataset__protocol": "by_video", "objective__name": "classify"}
    found = [
        write(tmp_path / "c", losses=[1], protocol="by_video", config=labelled),
        write(
            tmp_path / "d",
            losses=[0.5],
            protocol="by_video",
            config={**labelled, "features__backbone": "resnet18"},
        ),
    ]
    assert [row["candidates"] for row in table.best(found)] == [2]


def test_nothing_is_chosen_where_training_stops_on_the_test(tmp_path):
    leaky = {"dataset__protocol": "published_shuffled", "objective__name": "classify"}
    run = write(tmp_path / "a", losses=[1], protocol="published_shuffled", config=leaky)
    (chosen,) = table.best([run])
    assert chosen["settings"] is None and "very windows that it tests" in chosen["reason"]
    assert "none, nothing is held out" in table.write_best(tmp_path / "b.json", [chosen])[0]


def test_seeds_that_draw_their_own_windows_share_a_table(tmp_path):
    leaky = {"dataset__protocol": "random_window", "objective__name": "classify"}
    found = []
    for seed, abnormal in enumerate((100, 101)):
        row = {**made.metrics()["videos"][0], "id": "test windows", "abnormal": abnormal}
        more = {"unit": "window", "videos": [row], "protocol": "random_window", "config": leaky}
        found.append(write(tmp_path / str(seed), losses=[1], seed=seed, **more))
    (chosen,) = table.best(found)
    assert chosen["seeds"] == [0, 1]


@pytest.fixture
def rows(tmp_path):
    base = configs.default_config()
    runs = [{"seed": 0, "model.units": (8, 4)}, {"seed": 1}, {"seed": 2}]
    specs = tiny.specs(base, *runs)
    write(tmp_path / specs[0].name, losses=[2, 1.25], auc=0.8)
    write(tmp_path / specs[2].name, losses=[2])
    (tmp_path / specs[2].name / "metrics.json").write_text("{")
    return table.rows_of(specs, tmp_path, {specs[1].name: "no luck"})


def test_every_run_has_a_row(rows, tmp_path):
    said = table.write_runs(tmp_path, rows)
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
    table.write_runs(tmp_path, rows)
    frame = pandas.read_parquet(tmp_path / "runs.parquet")
    assert list(frame.columns) == list(rows[0]) and frame["heldout_loss"][0] == 1.25
    assert frame["error"][1] == "no luck" and frame["seed"].tolist() == [0, 1, 2]


def test_without_pandas_the_csv_is_there(rows, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    said = table.write_runs(tmp_path, rows)
    assert "pip install 'vadjax[tables]'" in said[1] and (tmp_path / "runs.csv").is_file()
    assert not (tmp_path / "runs.parquet").exists()
