"""No text begins a formula in a spreadsheet, and what was written comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.data.text.cell_text import guarded, unguarded

FORMULAS = ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n1", " =1", "\ufeff=1", "\u200b+1"]
FORMULAS += ["\uff1d1", "\xa0-1", "'=1", '=HYPERLINK("http://x.example","x")', "=cmd|'/c x'!A1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text):
    assert guarded(text)[0] == "'" and guarded(text) != text
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["", "night", "'tis", "a=b", "1-2", "#1", "(=1)", "ä", "'"])
def test_other_text_stays_as_it_is(text):
    assert guarded(text) == unguarded(text) == text


@given(st.text(st.sampled_from("=+-@'\t\r\n a\u200b\uff1d") | st.characters()))
def test_all_text_comes_back(text):
    assert unguarded(guarded(text)) == text
