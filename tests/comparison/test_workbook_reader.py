"""Workbooks of others are read within a grid; what is larger or damaged is refused at once."""

import random
import time
import zipfile

import openpyxl
import pytest

from tests.comparison.test_workbook import made_up, publish
from vadjax.comparison import workbook_reader
from vadjax.comparison.published import read_published
from vadjax.errors import UserError


@pytest.mark.parametrize("cell", ["A1048576", "XFD1", "XFD1048576", "A8193"])
def test_a_value_far_outside_is_named(tmp_path, cell):
    path = publish(tmp_path / "a.xlsx", made_up(1))
    book = openpyxl.load_workbook(path)
    book.active[cell] = "x"
    book.save(path)
    began = time.perf_counter()
    with pytest.raises(UserError, match=f"a.xlsx has a value in cell {cell}, outside"):
        read_published(path)
    assert time.perf_counter() - began < 2


def test_a_format_far_outside_does_no_harm(tmp_path):
    path = publish(tmp_path / "a.xlsx", made_up(1))
    book = openpyxl.load_workbook(path)
    book.active["XFD1048576"].font = openpyxl.styles.Font(bold=True)
    book.save(path)
    assert len(read_published(path)) == 20


def rewritten(path, name, change):
    """Write an archive again with one part changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)


def test_entities_and_bombs_are_refused(tmp_path):
    path = publish(tmp_path / "a.xlsx", made_up(1))
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>'
    rewritten(path, "xl/styles.xml", lambda text: laughs + text)
    with pytest.raises(UserError, match=r"xl/styles.xml declares entities"):
        read_published(path)
    path = publish(tmp_path / "b.xlsx", made_up(1))
    rewritten(path, "xl/styles.xml", lambda text: text + b" " * workbook_reader.MAX_BYTES)
    assert path.stat().st_size < 100_000
    with pytest.raises(UserError, match="unpacks to 8 MB"):
        read_published(path)


def test_mutated_workbooks_end_in_a_message(tmp_path):
    path = publish(tmp_path / "a.xlsx", made_up(1))
    whole, rng, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            read_published(path)
        except UserError as error:
            assert "a.xlsx" in str(error)
            refused += 1
    assert refused > 50
