"""docs/parity.md: rows that are measured alone go into the page that is there."""

import pathlib

from tests.parity import page

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "parity.md"


def test_rows_replace_those_of_the_same_backbone_and_size():
    before = ["| a | 1 x 1 | map | 1e-6 |", "| b | 1 x 1 | map | 2e-6 |"]
    new = ["| b | 1 x 1 | stem | 3e-6 |", "| b | 2 x 2 | map | 4e-6 |"]
    assert page.merge(before, new) == [before[0], *new]
    assert page.merge(["| a | 1e-3 |"], ["| a | 2e-3 |"]) == ["| a | 2e-3 |"]


def test_the_page_is_what_the_command_writes():
    text = PAGE.read_text()
    rows = page.rows_of(text)
    assert len(rows["sizes"]) > 150 and len(rows["bfloat16"]) > 10 and len(rows["own"]) == 7
    own = {tuple(row.strip("| ").split(" | ")[:2]) for row in rows["own"]}
    assert {
        ("efficientnet_b2", "256 x 256"),
        ("efficientnet_b3", "288 x 288"),
        ("tf_efficientnet_lite4", "380 x 380"),
    } <= own
    assert text == page.whole(rows)
