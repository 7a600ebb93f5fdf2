"""Csv files as other programs read them."""

import csv
import io
import pathlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vadjax.data.text.cell_text import unguarded
from vadjax.storage.csv_tables import _cell, write_csv


def written(tmp_path, *rows, **kwargs):
    write_csv(tmp_path / "a.csv", rows, **kwargs)
    return (tmp_path / "a.csv").read_bytes().decode()


def test_numbers_are_numbers_and_text_is_no_formula(tmp_path):
    row = ("=1", -1, -1.5, np.float32(-0.25), None, True, "-1", pathlib.Path("+x"), "a,b", 'q"')
    assert written(tmp_path, row) == """'=1,-1,-1.5,-0.25,,True,'-1,'+x,"a,b","q\"\""\r\n"""
    assert written(tmp_path, ("-1", -1.0), number=lambda value: f"{value:.3f}") == "'-1,-1.000\r\n"


def test_no_other_separator_lets_a_name_begin_a_second_cell(tmp_path):
    """Where a comma is the decimal sign, spreadsheets separate cells by semicolons."""
    text = written(tmp_path, ("clip;=1+1", "clip\t=1+1"))
    for delimiter in ";\t":
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            assert not any(cell.startswith("=") for cell in row)


def test_a_name_that_is_no_utf8_is_written(tmp_path):
    assert written(tmp_path, ("caf\udce9",)) == "caf\\udce9\r\n"


CELLS = st.text(st.sampled_from("=+-@'\t\r\n a,;\"") | st.characters(exclude_categories=("Cs",)))


@given(st.lists(CELLS, min_size=2, max_size=4))
def test_text_comes_back_through_the_reader_of_python(cells):
    text = ",".join(_cell(cell, str) for cell in cells)
    [row] = csv.reader(io.StringIO(text, newline=""))
    assert [unguarded(cell) for cell in row] == cells
