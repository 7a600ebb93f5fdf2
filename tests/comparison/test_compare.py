"""Comparison of runs: grouping, separate tables, damaged runs, paired tests, the command."""

import csv
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
from urllib.parse import unquote

import numpy as np
import pytest

from tests import runs
from vadjax.comparison import (
    cells,
    compare,
    csv_files,
    figures,
    markdown,
    page,
    paired_test,
    terminal,
)
from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.storage import artifacts


@pytest.fixture
def seeds(tmp_path):
    """Three seeds of an LSTM, two of a GRU."""
    made = [
        runs.write(tmp_path / f"lstm{n}", seed=n, auc=auc) for n, auc in enumerate((0.7, 0.8, 0.6))
    ]
    made += [runs.write(tmp_path / f"gru{n}", model="gru", seed=n, auc=0.9) for n in range(2)]
    return made


def printed(found) -> str:
    from rich.console import Console as Rich

    console = Rich(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal.as_renderable(found))
    return console.export_text()


def test_seeds_of_one_config_are_one_row(seeds):
    found = compare.compare([*seeds[::-1], seeds[0], seeds[0] + "/"])  # named twice: once
    (table,) = found.tables
    assert [(g.name, g.seeds) for g in table.groups] == [("GRU", [0, 1]), ("LSTM", [0, 1, 2])]
    stat = table.groups[1].stat("auc_micro")
    values = [0.7, 0.8, 0.6]
    assert stat.mean == pytest.approx(np.mean(values))
    assert stat.sd == pytest.approx(statistics.stdev(values)) and stat.num == 3
    assert stat.sd != pytest.approx(statistics.pstdev(values))  # the published tables' deviation
    assert table.groups[1].interval == pytest.approx((0.6, 0.75))  # the lowest seed's
    assert cells.plus_minus(stat, 3) == "0.700 ± 0.100"
    assert all("variance of the micro AUC" in note for note in found.notes) and not found.problems


def test_a_seed_that_is_there_twice_counts_once(seeds, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(seeds[0], again)
    found = compare.compare([*seeds, str(again)])
    assert found.tables[0].groups[1].stat("auc_micro").num == 3
    assert "again has the settings and the seed (0) of another run" in found.notes[0]


def test_figures_that_some_runs_lack_say_of_how_many(tmp_path):
    a = runs.write(tmp_path / "a", seed=0)
    b = runs.write(tmp_path / "b", seed=1, frame={"auc_macro": None})
    (group,) = compare.compare([a, b]).tables[0].groups
    stat = group.stat("auc_macro")
    assert (stat.num, stat.sd) == (1, None)
    assert cells.plus_minus(stat, 2) == "0.790 (1 of 2)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"protocol": "by_video"}, "protocol one class|protocol by video"),
        ({"label_version": "other"}, "label version official|label version other"),
        ({"coverage": "6 of 12 clips"}, "coverage whole data set|coverage 6 of 12 clips"),
        ({"dataset": "avenue"}, "dataset ucsd ped2|dataset avenue"),
        ({"videos": runs.metrics()["videos"][:4]}, "other test videos"),
        ({"config": {"dataset__seed": 3}}, "other data set's settings"),
    ],
)
def test_runs_that_are_not_comparable_have_separate_tables(tmp_path, change, words):
    a = runs.write(tmp_path / "a")
    b = runs.write(tmp_path / "b", seed=1, **change)
    found = compare.compare([a, b])
    assert [len(table.runs) for table in found.tables] == [1, 1]
    (note,) = found.notes
    assert all(word in note for word in (*words.split("|"), a, b, "not comparable in one column"))
    assert paired_test.run_tests(found)[0][0].difference is None


def test_warnings_that_differ_by_seed_in_their_numbers_are_merged(tmp_path):
    text = "the label of the nearest window gets AUC {} on 2 clips of stage3"
    held = "threshold and stopping share the clip train/0{}"
    made = [
        runs.write(tmp_path / str(seed), seed=seed, warnings=[text.format(auc), held.format(seed)])
        for seed, auc in enumerate(("0.981", "0.998", "0.984"))
    ]
    (table,) = compare.compare(made).tables
    assert table.warnings == [text.format("0.981 to 0.998"), *map(held.format, range(3))]


@pytest.mark.parametrize("key", ["warnings", "stamps"])
def test_warnings_are_read_by_their_present_and_their_former_name(tmp_path, key):
    more = {"warnings": [], key: ["only 2 clips"]}
    found = compare.compare([runs.write(tmp_path / "a", **more)])
    assert found.tables[0].warnings == ["only 2 clips"]


def test_a_truncated_backbone_is_named_with_its_last_stage(tmp_path):
    last = {"features__last_stage": "stage3"}
    runs.write(tmp_path / "a", config=last)
    (group,) = compare.compare([str(tmp_path / "a")]).tables[0].groups
    assert group.backbone.endswith(" to stage3")


def test_runs_that_differ_in_more_than_the_seed_are_rows_that_say_in_what(tmp_path):
    a = runs.write(tmp_path / "a")
    b = runs.write(tmp_path / "b", seed=1, config={"window__length": 8, "train__epochs": 2})
    c = runs.write(tmp_path / "c", seed=1, detector={"weights_sha256": "1" * 64})
    groups = compare.compare([a, b, c]).tables[0].groups
    assert len(groups) == 3
    found = " / ".join(group.name for group in groups)
    assert "LSTM train.epochs=2, weights=00000000, window.length=8" in found
    assert "weights=11111111" in found


def test_a_run_without_keys_that_came_later_has_their_defaults(tmp_path):
    a, b = runs.write(tmp_path / "a"), runs.write(tmp_path / "b", seed=1)
    path = pathlib.Path(b) / "config.json"
    config = json.loads(path.read_text())
    del config["identity"]["model.embed"], config["config"]["model"]["embed"]
    path.write_text(json.dumps(config))
    assert len(compare.compare([a, b]).tables[0].groups) == 1


def damage(folder: pathlib.Path, name: str) -> str:
    """Damage a workdir in the way that `name` says; return what must be said of it."""
    file = folder / "metrics.json"
    text = file.read_text()
    if name == "half":
        file.write_text(text[: len(text) // 2])
        return "metrics.json is damaged"
    if name == "missing":
        file.unlink()
        return "no metrics.json"
    if name == "nan":
        file.write_text(text.replace('"eer": 0.25', '"eer": NaN'))
        return "NaN is not a number"
    if name == "version":
        file.write_text(text.replace('"schema_version": 1', '"schema_version": 7'))
        return "schema version 7, this vadjax reads 1"
    if name == "parts":
        file.write_text(json.dumps({"schema_version": 1, "frame": {"auc_micro": 1.5}}))
        return "detector is missing.*videos is missing.*auc_micro is 1.5, outside 0 to 1"
    if name == "list":
        file.write_text("[]")
        return "is not an object"
    if name == "bytes":
        file.write_bytes(b"\xff\xfe\x00")
        return "metrics.json is damaged"
    if name == "config":
        (folder / "config.json").write_text("{}")
        return "config.json is damaged"
    shutil.rmtree(folder)
    return "no such folder"


@pytest.mark.parametrize(
    "name", ["half", "missing", "nan", "version", "parts", "list", "bytes", "config", "folder"]
)
def test_a_damaged_workdir_is_named_and_the_rest_goes_on(tmp_path, name):
    good, bad = runs.write(tmp_path / "good"), runs.write(tmp_path / "bad")
    said = damage(pathlib.Path(bad), name)
    out = tmp_path / "out.md"
    with pytest.raises(UserError, match=f"(?s)1 of 2 workdir.*bad: .*{said}"):
        compare.run([good, bad], outs=[out], console=Console(quiet=True))
    assert "left out: " in out.read_text() and "| LSTM |" in out.read_text()
    with pytest.raises(UserError, match=f"(?s)none of 1 workdir.*{said}"):
        compare.run([bad], outs=[tmp_path / "none.md"], console=Console(quiet=True))
    assert not (tmp_path / "none.md").exists()


def test_a_folder_of_runs_is_said_to_be_one(seeds, tmp_path):
    with pytest.raises(UserError, match=r"5 run\(s\); give .*/\*"):
        compare.compare([str(tmp_path)])


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("error.json", "failed in its sweep: the loss is not finite"),
        ("stopped.json", "was stopped early by its search"),
    ],
)
def test_a_run_that_its_sweep_did_not_finish_says_why(tmp_path, file, said):
    (tmp_path / file).write_text(json.dumps({"error": "the loss is not finite"}))
    with pytest.raises(UserError, match=said):
        compare.compare([str(tmp_path)])


def test_the_folder_of_a_sweep_names_its_runs(tmp_path):
    runs.write(tmp_path / "runs" / "a")
    with pytest.raises(UserError, match=r"1 run\(s\); give .*/runs/\*"):
        compare.compare([str(tmp_path)])


def test_the_paired_test_is_that_of_the_bootstrap(tmp_path):
    from vadjax.evaluation import bootstrap

    a, b = runs.write(tmp_path / "a", auc=0.6), runs.write(tmp_path / "b", model="gru", auc=0.9)
    for folder, strength in ((a, 0.5), (b, 2.0)):
        runs.scores(folder, strength=strength)
    found = compare.compare([a, b])
    ((test,), problems) = paired_test.run_tests(found, [f"{a},{b}"])
    (own, labels), (other, _) = paired_test.read_test(a), paired_test.read_test(b)
    ids = sorted(labels)
    want = bootstrap.paired_test(
        [own[v] for v in ids], [other[v] for v in ids], [labels[v] for v in ids]
    )
    assert (test.difference, test.low, test.p_value) == (want.difference, want.low, want.p_value)
    assert test.low > 0 and test.p_value < 0.01 and test.videos == 12 and not problems
    assert f"{b} against {a}: micro AUC +" in test.text and "2,000 resamples of 12" in test.text
    ((same,), _) = paired_test.run_tests(compare.compare([a, b]))  # the better against the worse
    assert (same.a, same.b) == (a, b)


def test_pairs_are_made_seed_by_seed(seeds):
    found = compare.compare(seeds)
    pairs = [
        (pathlib.Path(t.a).name, pathlib.Path(t.b).name) for t in paired_test.run_tests(found)[0]
    ]
    assert pairs == [("lstm0", "gru0"), ("lstm1", "gru1")]
    two_seeds = compare.compare([path for path in seeds if "gru" in path])
    assert len(two_seeds.tables[0].runs) == 2 and paired_test.run_tests(two_seeds) == ([], [])
    with pytest.raises(UserError, match="Did you mean"):
        paired_test.run_tests(found, [f"{seeds[0]},{seeds[1]}x"])
    with pytest.raises(UserError, match="write --pair=DIR,DIR"):
        paired_test.run_tests(found, [seeds[0]])


@pytest.mark.parametrize("how", ["labels", "video", "unlabelled", "damaged", "missing", "nan"])
def test_why_there_is_no_paired_test(tmp_path, how):
    a, b = (runs.write(tmp_path / n, seed=s) for s, n in enumerate("ab"))
    runs.scores(a, strength=1)
    runs.scores(b, strength=1, labels=how != "unlabelled")
    path = pathlib.Path(b) / "scores.npz"
    test, held_out = artifacts.read_scores(pathlib.Path(b))
    if how == "labels":
        test[0].labels[0] = 1
    elif how == "video":
        test = [video for video in test if video.id != "test/03"]
    elif how == "nan":
        test[1].scores[:] = np.nan
    artifacts.write_scores(pathlib.Path(b), test, held_out)
    if how == "damaged":
        path.write_bytes(path.read_bytes()[:200])
    elif how == "missing":
        path.unlink()
    ((test,), problems) = paired_test.run_tests(compare.compare([a, b]), [f"{a},{b}"])
    why = {
        "labels": "labels of test/01 differ",
        "video": "other labelled videos, such as test/03",
        "unlabelled": "has no labels; run --stage=score again",
        "damaged": "scores.npz is damaged",
        "missing": "has no scores.npz",
        "nan": "test/02",
    }[how]
    assert test.difference is None and why in test.text
    assert [name for name, _ in problems] == ([b] if how in ("damaged", "nan") else [])


def test_what_is_printed_fits_and_says_the_conditions(tmp_path):
    a = runs.write(tmp_path / "a", warnings=["[red]only 2 clips"], coverage="6 of 37 clips")
    b = runs.write(tmp_path / "b", protocol="published_shuffled", coverage="6 of 37 clips")
    text = printed(compare.compare([a, b]))
    assert "LEAKY PROTOCOL." in text and "leakage LEAKY" in " ".join(text.split())
    assert "[1] Warning: [red]only 2 clips" in text  # a name is no markup
    words = " ".join(text.split())
    assert "6 of 37 clips, leakage clean, [1]" in words
    assert "best without learning: Optical flow 0.900" in words


def test_markdown_and_csv_hold_the_numbers(seeds, tmp_path):
    more = runs.write(tmp_path / "v|<b>", protocol="by_video", auc=0.5)
    found = compare.compare([*seeds, more])
    text = markdown.write_markdown(tmp_path / "r.md", found).read_text()
    assert "| LSTM | predict | resnet18 | 3 (0, 1, 2) | 0.700 ± 0.100 | 0.600 to 0.750 |" in text
    assert "v\\|&lt;b>" in text and "sample standard deviation" in text
    first, second = csv_files.write_csv(tmp_path / "r.csv", found)  # one column, one protocol
    assert first.name == "r.ucsd_ped2-one_class-official.csv" and "by_video" in second.name
    rows = list(csv.DictReader(first.open()))
    assert [row["model"] for row in rows] == ["GRU", "LSTM"]
    assert float(rows[1]["auc_micro"]) == pytest.approx(0.7)
    assert {row["protocol"] for row in rows} == {"one_class"}


def test_the_page_is_self_contained_and_escaped(seeds, tmp_path):
    stamped = runs.write(tmp_path / "x", seed=9, warnings=["<script>alert(1)</script>"])
    found = compare.compare([*seeds, stamped, str(tmp_path / "<i>nothing")])
    text = page.write_page(tmp_path / "r.html", found).read_text()
    assert "0.700 ± 0.100" not in text and "0.725 ± 0.096" in text  # a fourth seed
    assert "<script>alert" not in text and "<i>nothing" not in text
    assert "http://" not in text and "https://" not in text and 'class="sortable"' in text
    assert "Left out" in text and "sha256-" in text


def test_variances_are_noted_for_several_seeds(seeds):
    notes = [note for note in compare.compare(seeds).notes if "variance" in note]
    [note] = [note for note in notes if note.startswith("LSTM")]  # .6, .7, .8: variance .01
    assert "the seed 87 % (sd 0.100), the test videos 13 % (sd 0.038)" in note
    assert note.endswith("not known: the drawing of the data")


def test_rows_link_to_the_pages_of_their_runs(seeds, tmp_path):
    paged = pathlib.Path(seeds[1])
    (paged / "report.html").write_text("a page")
    folder = tmp_path / "other folder"
    folder.mkdir()
    text = page.write_page(folder / "r.html", compare.compare(seeds)).read_text()
    linked = re.findall(r'<a href="([^"#]+)" title', text)
    there = {(folder / unquote(to)).resolve() for to in linked}
    wanted = {pathlib.Path(one).resolve() / "metrics.json" for one in seeds}
    wanted -= {paged.resolve() / "metrics.json"}
    assert there == wanted | {paged.resolve() / "report.html"}


def test_figures_and_csv_as_published(seeds, tmp_path):
    vgg = {"config": {"features__backbone": "vgg16"}, "detector": {"backbone": "vgg16"}}
    other = runs.write(tmp_path / "b", **vgg, frame={"auc_micro": None})
    written = figures.write_figures(tmp_path / "f", compare.compare([*seeds, other]))
    names = {path.name for path in written}
    assert names >= {"boxes.png", "bars.png", "classification_report.csv"}
    rows = list(csv.reader((tmp_path / "f" / "results_all_models_resnet18.csv").open()))
    assert rows[0] == ["Model", "Run", "Accuracy", "Precision", "Recall", "F1", "AUC"]
    assert rows[1:3] == [
        ["GRU", "0", "0.75", "0.75", "0.75", "0.75", "0.9"],
        ["GRU", "1", "0.75", "0.75", "0.75", "0.75", "0.9"],
    ]
    assert (tmp_path / "f" / "results_all_models_vgg16.csv").read_text().count("LSTM,0") == 1
    report = list(csv.DictReader((tmp_path / "f" / "classification_report.csv").open()))
    normal = next(r for r in report if r["class"] == "normal")  # by hand: tn 50, fn 20, fp 10
    assert float(normal["precision"]) == pytest.approx(50 / 70)
    assert float(normal["recall"]) == pytest.approx(50 / 60) and normal["support"] == "60"


def test_classes_of_metrics_come_before_those_of_the_confusion(tmp_path):
    from vadjax.comparison.rows import class_report

    row = {"name": "normal", "precision": 0.1, "recall": 0.2, "f1": 0.3, "support": 4}
    found = compare.compare([runs.write(tmp_path / "a", classes=[row])])
    assert class_report(found.tables[0].runs[0])[0] == {**row, "class": "normal"}


def test_the_command(seeds, tmp_path):
    command = [sys.executable, "-m", "vadjax.compare"]
    out = tmp_path / "r.xlsx"
    done = subprocess.run(
        [*command, *seeds, "/nowhere", f"--out={out}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and out.is_file() and "Traceback" not in done.stderr
    assert "1 of 6 workdir(s) could not be used" in done.stderr and "/nowhere" in done.stderr
    wrong = subprocess.run([*command, seeds[0], "--out=r.pdf"], capture_output=True, text=True)
    assert wrong.returncode == 1 and "choose one of .csv, .html, .md, .xlsx" in wrong.stderr


def test_other_metrics_can_be_the_columns(tmp_path):
    """The five of supervised studies; the interval stays behind the AUC, epochs or not."""
    epochs = {"detector": {"epochs": 5, "epochs_trained": [3]}}
    trained = runs.write(tmp_path / "a", auc=0.8, **epochs)
    untrained = runs.write(tmp_path / "b", auc=0.8)
    for workdir in (trained, untrained):
        compare.run(
            [workdir],
            console=Console(quiet=True),
            outs=[tmp_path / "x.md", tmp_path / "x.html"],
            metrics=("accuracy", "precision", "recall", "f1", "accuracy"),
        )
        head, _, row = (tmp_path / "x.md").read_text().split("\n| ")[1:4]
        cells = dict(zip(head.split(" | "), row.split(" | "), strict=True))
        assert list(cells)[-9:-4] == ["95 %", "Accuracy", "Precision", "Recall", "F1"]
        assert (cells["AUC, micro"], cells["95 %"]) == ("0.800", "0.700 to 0.850")
        page = (tmp_path / "x.html").read_text()
        assert "0.700 to 0.850" in page and "AUC, macro</th>" not in page
    with pytest.raises(UserError, match="metric 'acc' unknown"):
        compare.run([trained], console=Console(quiet=True), metrics=("acc",))
