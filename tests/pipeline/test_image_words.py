"""What is written of a run on images, and of their comparison, speaks of images alone."""

import re

import openpyxl
import pytest

from tests.pipeline.test_images import tiny, write_category
from vadjax.comparison import compare
from vadjax.pipeline import stages
from vadjax.runtime.console import Console

# Of time; "by_clip" is the name of a rule, as one sets it.
WORDS = r"(?<![a-z])(frames?|clips?|videos?|timelines?|hours?|motion|fps|films?|lookahead)(?![a-z])"


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A folder with two finished runs, and their comparison in every form; what was printed."""
    root = tmp_path_factory.mktemp("words")
    write_category(root / "mvtec/cloth", level=90, seed=0)
    names = ("knn_places", "knn")
    for name in names:
        made = tiny(root / "cache", root / "mvtec", detector__name=name)
        stages.run(made, root / name, quiet=True)
    outs = [root / f"all.{suffix}" for suffix in ("csv", "html", "md", "xlsx")]
    folders = [str(root / name) for name in names]
    return root, compare.run(folders, outs=outs, figures=root / "figs", console=Console(quiet=True))


def said(text: str) -> list[str]:
    text = text.replace("by_clip", "").replace("_", " ")
    return [text[max(0, m.start() - 40) : m.end() + 30] for m in re.finditer(WORDS, text)]


def test_workbooks_speak_of_images(compared):
    root, _ = compared
    for path in (root / "all.xlsx", root / "knn_places/results.xlsx"):
        book = openpyxl.load_workbook(path)
        assert "per image" in book.sheetnames and "per video" not in book.sheetnames
        for sheet in book:
            cells = [str(v) for row in sheet.iter_rows(values_only=True) for v in row if v]
            assert not said("\n".join(cell for cell in cells if str(root) not in cell)), sheet.title
        heading, *rows = book["per image"].iter_rows(values_only=True)
        assert heading[5:] == ("id", "defective", "score", "fold", "threshold")
        assert len(rows) == 11 * (2 if path.parent == root else 1)
        heading, first, *_ = book["runs"].iter_rows(values_only=True)
        assert dict(zip(heading, first, strict=True))["images"] == 11


def test_tables_and_pages_begin_with_the_figures_of_images(compared):
    root, comparison = compared
    [table] = comparison.tables
    assert table.shown[0] == "image_auroc" and "auc_micro" not in table.shown
    run = table.groups[0].runs[0]
    assert table.groups[0].interval == tuple(run.at("image.intervals.auroc"))
    for name in ("all.md", "all.html", "all.csv"):
        text = (root / name).read_text("utf-8").replace(str(root), "")
        body = text.partition("<body>")[2] or text
        assert not said(re.sub(r"<script.*?</script>|<[^>]*>", " ", body, flags=re.S)), name
    assert "resamples of 11 images" in (root / "all.md").read_text("utf-8")
    for path in (root / "figs").glob("*.csv"):
        assert not said(path.read_text("utf-8")), path.name
