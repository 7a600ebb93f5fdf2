"""A run whose training and validation videos are evaluated too, and its tables and figures."""

import html
import io
import json

import numpy as np
import openpyxl
from rich.console import Console as Rich

from tests.pipeline.test_robustness import tiny
from vadjax import config as configs
from vadjax.comparison import compare, page
from vadjax.comparison.article_tables import article_tables
from vadjax.comparison.terminal import as_article
from vadjax.pipeline import stages
from vadjax.runtime.console import Console
from vadjax.storage import artifacts


def shown(renderable) -> str:
    console = Rich(width=80, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_every_video_is_in_one_set_with_its_accuracy(tmp_path):
    config = tiny(tmp_path / "cache")
    config.dataset.num_train, config.dataset.num_test = 5, 2
    config.evaluate.sets, config.evaluate.num_bootstrap = True, 20
    for stage in ("extract", "train", "score", "evaluate"):
        stages.run(configs.validate(config), tmp_path / "run", stage=stage, quiet=True)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    part = metrics["sets"]
    ids = [row["id"] for row in part["videos"] if row["set"] != "test"]
    assert sorted(ids) == [f"train/{n:02d}" for n in range(1, 6)]
    kinds = {row["set"] for row in part["videos"]}
    assert kinds == {"training", "validation", "test"}
    # The test rows are those of the headline's threshold, counted here from the scores.
    value, seen = metrics["threshold"]["value"], 0
    for video in artifacts.read_scores(tmp_path / "run").test:
        (row,) = (r for r in part["videos"] if r["id"] == video.id)
        called = video.scores >= value
        assert row["accuracy"] == np.mean(called == video.truth)
        seen += 1
        assert 0 <= row["difference_rate"] <= 1 and row["motion"] in ("low", "moderate", "high")
    assert seen == 2
    total = next(row for row in part["totals"] if row["set"] == "test")
    for key in ("accuracy", "specificity", "precision"):
        assert total[key] == metrics["threshold"][key]
    assert total["sensitivity"] == metrics["threshold"]["recall"]

    found = compare.run(
        [str(tmp_path / "run")],
        console=Console(quiet=True),
        figures=tmp_path / "out",
        outs=[tmp_path / f"all.{suffix}" for suffix in ("html", "xlsx", "md")],
        article=True,
    )
    training, _, test, settings = article_tables(found)
    assert [row[0] for row in test.rows] == ["test/01", "test/02", "all"]
    assert training.rows[-1][0] == "all" and "grey levels" in training.notes[1]
    text = shown(as_article([test]))
    assert max(map(len, text.splitlines())) <= 80 and "1 = LSTM, mobilenetv2_100" in text
    assert {row["learning_rate"] for row in part["videos"]} == {1e-3}
    assert ["hidden units", "8"] in [list(row) for row in settings.rows]
    assert ["data set", "synthetic"] in [list(row) for row in settings.rows]
    for suffix in ("html", "md"):
        text = (tmp_path / f"all.{suffix}").read_text("utf-8")
        assert "Table 3. Videos of the test set" in text and "test/02" in text
        assert training.notes[1] in html.unescape(text)
    sheet = openpyxl.load_workbook(tmp_path / "all.xlsx")["s4 table 3"]
    first, *rows = sheet.values
    own = dict(zip(first, rows[1], strict=True))
    (row,) = (r for r in part["videos"] if r["id"] == "test/02")
    assert own["video"] == "test/02" and own["frames"] == row["frames"]
    assert own["accuracy"] == round(row["accuracy"], 3)
    assert own["PSNR, dB"] is None
    plain = compare.run([str(tmp_path / "run")], console=Console(quiet=True))
    assert "Table 3. Videos" not in page.render(plain, folder=tmp_path)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"tables.md", "table_1.csv", "table_4.csv", "figure_2_precision.png"} <= names
    assert "figure_6_psnr.png" not in names  # no errors of pixels
