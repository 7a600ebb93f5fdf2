"""The table of the published grid, from fabricated runs."""

import csv
import importlib.util
import pathlib
import sys

import pytest

from vadjax.comparison.grouping import make_tables
from vadjax.comparison.groups import RunRow
from vadjax.comparison.tables import Comparison

FOLDER = pathlib.Path(__file__).parents[2] / "experiments" / "rahmani_grid"


def module(name):
    spec = importlib.util.spec_from_file_location(f"rahmani_grid_{name}", FOLDER / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found  # dataclasses look their module up
    spec.loader.exec_module(found)
    return found


rows = module("rows")


def a_run(seed, auc, *, protocol="by_video", clips=12, ci=None, augment="none", **detector):
    by_window = protocol != "by_video"
    metrics = {
        "dataset": "ucsd_ped2",
        "coverage": "",
        "label_version": "official",
        "protocol": protocol,
        "warnings": [],
        "leakage": {"exact": 1.0 if by_window else 0.0, "verdict": "clean"},
        "detector": {"backbone": "resnet18", "model": "lstm", **detector},
        "frame": {"auc_micro": auc, "auc_micro_ci95": ci, "auc_macro": 0.7},
        "threshold": {"accuracy": auc - 0.1},
        "baselines": {"majority_accuracy": 0.82}
        | ({"nearest_in_time": 0.99 + seed / 1000} if by_window else {}),
        "accounting": {"videos": 1 if by_window else clips},
        "videos": [{"id": "a", "frames": 9, "abnormal": 4}],
        "reasons": {},
    } | ({"unit": "window"} if by_window else {})
    settings = {"dataset.name": "ucsd_ped2", "dataset.augment": augment}
    return RunRow(f"runs/{protocol}-{seed}", metrics, settings, seed)


def rows_of(*runs, published=()):
    made = {}
    for table in make_tables(runs):
        key = "ucsd_ped2", rows.protocol_of(table)
        made[key] = Comparison([table], published=published)
    return rows.rows_of(made)


@pytest.fixture
def published(tmp_path):
    file = tmp_path / "published.csv"
    file.write_text(
        "dataset,backbone,model,metric,value,std,runs\n"
        "UCSD Ped2,convnext_tiny,LSTM,auc,0.9999,0.0001,5\n"
        "UCSD Ped2,maxvit_tiny_tf_224,LSTM,auc,0.9984,0.0007,5\n"
        "UCSD Ped2,maxvit_tiny_tf_224,LSTM,accuracy,0.9,0.0007,5\n"
        "UCSD Ped2,maxvit_tiny_tf_224,GRU,auc,0.1,0.0007,5\n"
    )
    return rows.read_published_csv(file)


def test_published_figures_are_read_from_a_table(published):
    assert len(published) == 4
    assert published[1][:7] == (
        *("ucsd_ped2", "maxvit_tiny_tf_224", "LSTM", "auc"),
        *(0.9984, 0.0007, 5),
    )


def test_seeds_become_one_row_beside_the_published_of_the_same_scanner(published):
    runs = [a_run(s, auc, ci=[0.5 + s, 0.8]) for s, auc in enumerate((0.6, 0.7, 0.8))]
    [row] = rows_of(*runs, published=published)
    assert (row["auc_mean"], row["auc_sd"], row["n"]) == (pytest.approx(0.7), pytest.approx(0.1), 3)
    assert (row["ci95_low"], row["ci95_high"]) == (0.5, 0.8)  # of seed 0
    assert (row["published_auc_low"], row["published_auc_high"]) == (0.9984, 0.9999)
    assert row["nearest_in_time"] is None and row["leakage"] == "clean" and row["reason"] == ""
    assert row["counts"] == "frame" and row["coverage"] == "whole data set"
    assert row["accuracy"] == pytest.approx(0.6)


def test_too_few_clips_give_a_reason_instead_of_a_figure():
    [row] = rows_of(a_run(0, 0.9, clips=4), a_run(1, 0.8, clips=4))
    figures = ("auc_mean", "auc_sd", "ci95_low", "accuracy", "auc_within_clips", "auc_within_folds")
    assert all(row[name] is None for name in figures)
    assert row["reason"] == "4 test clips, fewer than 8: no figure" and row["n"] == 2
    text = "\n".join(rows.markdown([row]))
    assert "| none |" in text and "No AUC of ucsd_ped2, by_video: 4 test clips" in text


def test_protocols_stay_apart_and_leaky_ones_have_their_lookup():
    found = rows_of(
        a_run(0, 0.99, protocol="random_window"),
        a_run(1, 0.98, protocol="random_window"),
        a_run(0, 0.97, protocol="published_shuffled"),
        a_run(0, 0.96, protocol="published_shuffled", augment="rahmani_compat"),
        a_run(0, 0.6),
    )
    by_protocol = {row["protocol"]: row for row in found}
    assert len(found) == 4 and set(by_protocol) == set(rows.ORDER)
    leaky = by_protocol["random_window"]
    assert leaky["nearest_in_time"] == pytest.approx(0.9905) and leaky["leakage"] == "leaky"
    assert leaky["counts"] == "window" and leaky["share_exact"] == 1.0
    assert by_protocol["published_shuffled with copies"]["auc_mean"] == 0.96


def test_the_summary_spans_the_scanners():
    lstm = [a_run(s, auc) for s, auc in enumerate((0.6, 0.8))]
    gru = [a_run(s, auc, model="gru") for s, auc in enumerate((0.9, 0.9))]
    for run in gru:
        run.settings["model.name"] = "gru"
    *_, line = rows.summary(rows_of(*lstm, *gru))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[3:7] == ["2 x 2", ".700 to .900", ".1414", ".600 to .800"]


def test_a_value_that_a_seed_lacks_has_no_mean():
    runs = [a_run(0, 0.6), a_run(1, 0.7)]
    del runs[1].metrics["threshold"]["accuracy"]
    assert rows_of(*runs)[0]["accuracy"] is None


def test_the_csv_is_what_the_rows_are(tmp_path):
    found = rows_of(a_run(0, 0.6), a_run(0, 0.97, protocol="random_window"))
    rows.write_csv(tmp_path / "a.csv", found)
    with (tmp_path / "a.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert {row["auc_mean"] for row in read} == {"0.600000", "0.970000"}
    assert {row["ci95_low"] for row in read} == {""}


def test_the_figure_is_drawn_with_and_without_figures(tmp_path):
    few = rows_of(a_run(0, 0.6, clips=4), a_run(0, 0.97, protocol="random_window"))
    module("figures").draw(few, tmp_path / "auc.svg")
    text = (tmp_path / "auc.svg").read_text()
    assert text.count("<svg") == 1 and "fewer than 8" in text


def test_each_sweep_is_told_its_weights(tmp_path):
    sys.path.insert(0, str(FOLDER))
    try:
        run = module("run")
    finally:
        sys.path.remove(str(FOLDER))
    plain, copies = run.parts(["avenue"], ["resnet18"])
    told = {"weights": str(tmp_path), "seeds": 5, "cache_dir": ""}
    assert plain.argument("/data", **told) == (
        "avenue=/data,backbones=resnet18,seeds=5,"
        f"features.weights={tmp_path}/resnet18_stem_to_layer3.safetensors,"
        "features.last_stage=stage3"
    )
    assert copies.argument("/data", **told).endswith(
        "protocols=published_shuffled,augment=rahmani_compat"
    )
    assert copies.name == "avenue-resnet18-copies"
