"""results.xlsx, and the reader of published workbooks."""

import csv

import openpyxl
import pytest

from tests import runs
from vadjax.comparison import compare
from vadjax.comparison.published import METRICS, MODELS, read_published
from vadjax.comparison.published_form import write_published_form
from vadjax.comparison.workbook import write_workbook
from vadjax.errors import UserError

NAMES = {"accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1"}
NAMES["auc"] = "Auc"


def publish(path, figures, *, lifted=(), headless=()):
    """Write figures[backbone][model][metric] = (mean, sd) in the published layout.

    Args:
        lifted: (backbone, model) whose heading is missing and whose values are a row higher.
        headless: (backbone, model) whose heading alone is missing.
    """
    book = openpyxl.Workbook()
    sheet = book.active
    for block, (backbone, models) in enumerate(figures.items()):
        for column, (model, metrics) in enumerate(models.items(), 1):
            cells = [backbone, f"==== Summary for {model} (over 5 runs) ===="]
            cells += [f"{NAMES[k]}: {m:.4f} ± {s:.4f}" for k, (m, s) in metrics.items()]
            if (backbone, model) in lifted:
                del cells[1]
            if (backbone, model) in headless:
                cells[1] = None
            for row, cell in enumerate(cells, 1):
                sheet.cell(8 * block + row, column, cell).data_type = "s" if cell else "n"
    book.save(path)
    return path


def made_up(num: int = 6) -> dict:
    return {
        f"backbone_{b}": {
            model: {k: (0.9 + b / 100 + m / 1000, 0.001 * n) for n, k in enumerate(METRICS)}
            for m, model in enumerate(MODELS)
        }
        for b in range(num)
    }


def found_in(path) -> dict:
    found = {}
    for f in read_published(path):
        block = found.setdefault(f.backbone, {}).setdefault(f.model, {})
        block[f.metric] = (f.mean, f.sd)
        assert f.runs == 5
    return found


@pytest.mark.parametrize("lifted", [(), {("backbone_3", "GRU")}])
@pytest.mark.parametrize("headless", [(), {("backbone_0", "LSTM"), ("backbone_5", "SimpleRNN")}])
def test_published_workbooks_are_read(tmp_path, lifted, headless):
    figures = made_up()
    name = "Results of Sequential Neural Networks for UCSD Ped2.xlsx"
    path = publish(tmp_path / name, figures, lifted=lifted, headless=headless)
    assert found_in(path) == {
        b: {m: {k: tuple(round(x, 4) for x in v) for k, v in ks.items()} for m, ks in ms.items()}
        for b, ms in figures.items()
    }
    assert {f.dataset for f in read_published(path)} == {"ucsd_ped2"}


def test_the_published_figures_that_are_known_survive_the_layout(tmp_path, real_data):
    table = real_data / "facts" / "rahmani_results.csv"
    if not table.is_file():
        pytest.skip("no real data: facts/rahmani_results.csv is not there")
    by_set: dict = {}
    for row in csv.DictReader(table.open()):
        models = by_set.setdefault(row["dataset"], {}).setdefault(row["backbone"], {})
        values = models.setdefault(row["model"], {})
        values[row["metric"]] = float(row["value"]), float(row["std"])
    assert len(by_set) == 4
    for name, figures in by_set.items():
        lifted = {("poolformer_s12", "GRU")} if "Ped2" in name else ()
        path = publish(tmp_path / f"Results for {name}.xlsx", figures, lifted=lifted)
        assert found_in(path) == figures
        assert len(read_published(path)) == 120


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda s: s.cell(3, 1, "Accuracy: 1.5 ± 0.1"), "outside 0 to 1"),
        (lambda s: s.cell(3, 1, "Accurate"), "has precision, recall, f1, auc; expected"),
        (lambda s: s.cell(2, 1, "Summary for GRU (over 5 runs) ="), "GRU's heading is above"),
        (lambda s: s.delete_rows(1, 60), "has no published values"),
    ],
)
def test_what_is_no_published_workbook_is_said(tmp_path, spoil, said):
    path = publish(tmp_path / "x.xlsx", made_up(2))
    book = openpyxl.load_workbook(path)
    spoil(book.active)
    book.save(path)
    with pytest.raises(UserError, match=said):
        read_published(path)
    path.write_bytes(b"PK no workbook")
    with pytest.raises(UserError, match="cannot be read as a workbook"):
        read_published(path)
    with pytest.raises(UserError, match="does not exist"):
        read_published(tmp_path / "nothing.xlsx")


@pytest.fixture
def several(tmp_path):
    """An LSTM with three seeds, a dense network with one, and published figures beside."""
    made = [runs.write(tmp_path / f"l{n}", seed=n, auc=(7 + n) / 10) for n in range(3)]
    made.append(runs.write(tmp_path / "=1+1", model="dense", warnings=["=cmd()"]))
    path = tmp_path / "for UCSD Ped2.xlsx"
    figures = {"resnet18": made_up(1)["backbone_0"], "vgg16": made_up(1)["backbone_0"]}
    return compare.compare(made, published=read_published(publish(path, figures)))


def test_the_grid_has_the_published_form_and_numbers(several, tmp_path):
    book = openpyxl.load_workbook(write_workbook(tmp_path / "r.xlsx", several))
    sheet = book["grid"]
    assert [sheet.cell(r, 1).value for r in range(3, 8)] == list(NAMES.values())
    assert sheet["B1"].value == "resnet18" and sheet["B2"].value == "LSTM (3 seeds)"
    mean, sd = sheet["B7"], sheet["C7"]  # AUC
    assert mean.value == pytest.approx(0.8) and sd.value == pytest.approx(0.1)
    assert mean.number_format == "0.0000" and sd.number_format == '"± "0.0000'
    assert sheet["D1"].value is sheet["H7"].value is None  # no GRU, no SimpleRNN here
    assert sheet["J2"].value == "Dense (1 seed)" and sheet["K7"].value is None  # one seed: no sd
    assert sheet["L1"].value == "published, LEAKY:" and sheet["L2"].value == "published_shuffled"
    assert sheet["M2"].value == "LSTM (5 runs)" and sheet["M7"].value == pytest.approx(0.9)
    assert sheet["A9"].value == several.tables[0].title and sheet["A10"].value == "no run here"
    assert sheet["M9"].value == "vgg16"  # the second block, at row 9


def test_every_sheet_is_a_list_of_plain_values(several, tmp_path):
    book = openpyxl.load_workbook(write_workbook(tmp_path / "r.xlsx", several))
    want = "read me, grid, groups, runs, confusion, per class, thresholds, per video"
    assert book.sheetnames == [*want.split(", "), "published (leaky)"]
    rows = list(book["runs"].iter_rows(values_only=True))
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert sorted(row["auc_micro"] for row in table) == [0.7, 0.8, 0.8, 0.9]
    assert all(row["protocol"] == "one_class" and row["leakage"] == "clean" for row in table)
    assert {row["tp"] for row in table} == {30} and len(table) == 4
    assert book["per video"].max_row == 1 + 4 * 12
    assert book["per class"].max_row == 1 + 4 * 3  # normal, abnormal, cart
    text = "\n".join(str(c) for row in book["read me"].iter_rows(values_only=True) for c in row)
    for word in ("one_class", "official", "clean", "=cmd()", "sample standard deviation"):
        assert word in text
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
    assert not [c for c in cells if c.data_type == "f"]  # "=1+1" is a name


def test_thresholds_mark_the_chosen_rule_and_oracles(tmp_path):
    rule = {"rule": "quantile", "value": 1.0, "oracle": False, "note": "n", "precision": 0.5}
    extra = {"rule": "pot", "value": 2.0, "oracle": False, "note": "", "precision": None}
    best = {"f1": {"threshold": 3.0, "f1": 0.9}, "convention": "best F1 on the test labels"}
    run = runs.write(tmp_path / "a", thresholds=[rule, extra], oracle=best)
    found = compare.compare([run])
    book = openpyxl.load_workbook(write_workbook(tmp_path / "r.xlsx", found))
    rows = list(book["thresholds"].iter_rows(values_only=True))
    first = rows[0].index("rule")
    assert [row[first : first + 4] for row in rows[1:]] == [
        ("quantile", "yes", "no", 1),
        ("pot", "no", "no", 2),
        ("f1", None, "yes", 3),
    ]


def test_tables_of_two_protocols_have_sheets_of_their_own(tmp_path):
    made = [runs.write(tmp_path / "a"), runs.write(tmp_path / "b", protocol="published_shuffled")]
    book = openpyxl.load_workbook(write_workbook(tmp_path / "r.xlsx", compare.compare(made)))
    assert {"1 grid", "2 grid", "1 runs", "2 runs"} <= {*book.sheetnames}
    assert book["2 grid"]["A2"].value.startswith("LEAKY")
    assert book["2 runs"].sheet_properties.tabColor is not None
    text = "\n".join(str(c) for row in book["read me"].iter_rows(values_only=True) for c in row)
    assert "LEAKY PROTOCOL." in text


def test_the_published_form_is_written_as_it_is_read(tmp_path):
    """Mean and population deviation by hand, one file for each protocol."""
    aucs = {"lstm": (0.80, 0.82, 0.84), "gru": (0.7,)}
    for protocol in ("published_shuffled", "by_video"):
        for model, values in aucs.items():
            for seed, auc in enumerate(values):
                runs.write(
                    tmp_path / protocol / f"{model}{seed}",
                    model=model,
                    seed=seed,
                    auc=auc,
                    protocol=protocol,
                    config={"dataset__protocol": protocol},
                )
    workdirs = sorted(str(path) for path in tmp_path.glob("*/*"))
    folder = tmp_path / "results" / "Sequential_Model_Results_XLSX"
    paths, left_out = write_published_form(folder, compare.compare(workdirs))
    assert (
        sorted(path.name for path in paths)
        == [
            "Results of Sequential Neural Networks for UCSD Ped2.xlsx",
            "Results of Sequential Neural Networks, by_video, for UCSD Ped2.xlsx",
        ]
        and not left_out
    )
    for path in paths:
        values = {(v.model, v.metric): v for v in read_published(path)}
        assert len(values) == 2 * 5 and {v.dataset for v in values.values()} == {"ucsd_ped2"}
        lstm, gru = values["LSTM", "auc"], values["GRU", "auc"]
        assert (lstm.backbone, lstm.runs, gru.runs) == ("resnet18", 3, 1)
        # Deviations of .02, 0, .02 from .82 over three runs: sqrt(2 * .0004 / 3) = .01633
        assert (lstm.mean, lstm.sd, gru.mean, gru.sd) == (0.82, 0.0163, 0.7, 0.0)
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == ["Sheet1"]
        assert [book["Sheet1"].cell(1, n).value for n in (1, 2)] == ["resnet18"] * 2
        assert all(isinstance(c.value, str | None) for row in book["Sheet1"] for c in row)
        heading = book["Sheet1"]["A2"].value
        assert ("LEAKY" in heading) == ("by_video" not in path.name), heading


def test_what_the_published_form_cannot_hold_is_named(tmp_path):
    workdir = runs.write(tmp_path / "a", threshold={"precision": None})
    paths, left_out = write_published_form(tmp_path / "out", compare.compare([workdir]))
    assert left_out == [
        "LSTM, resnet18: not all of Accuracy, Precision, Recall, F1, Auc are defined"
    ]
    assert len(paths) == 1


def test_backbones_of_feature_files_are_blocks_of_one_workbook(tmp_path):
    """features/ucsd_ped2 holds several pairs: one table, one workbook, a block for each."""
    workdirs = []
    for dataset, place in (("ucsd_ped2", "/data/features"), ("", "/data/features/umn")):
        for backbone in ("repvgg_a0", "convnext_tiny"):
            name = f"{dataset}/{backbone}".lstrip("/")
            keys = {"dataset__name": "features", "dataset__feature_name": name}
            workdirs.append(
                runs.write(
                    tmp_path / f"{dataset}-{backbone}",
                    dataset="features",
                    detector={"backbone": backbone},
                    config={**keys, "dataset__data_dir": place},
                )
            )
    paths, _ = write_published_form(tmp_path / "out", compare.compare(workdirs))
    assert sorted(path.stem.rpartition(" for ")[2] for path in paths) == ["UCSD Ped2", "UMN"]
    for path in paths:
        assert {v.backbone for v in read_published(path)} == {"repvgg_a0", "convnext_tiny"}
