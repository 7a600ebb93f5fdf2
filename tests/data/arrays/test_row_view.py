"""Rows of long videos are read a stretch at a time, and give their memory back."""

import pathlib

import numpy as np
import pytest

from vadjax.data.arrays.row_view import JoinedRows, RowView, blocks, release

ROWS = np.arange(60, dtype=np.float32).reshape(20, 3)
STATUS = pathlib.Path("/proc/self/status")


def test_a_view_changes_what_it_reads():
    view = RowView(ROWS, lambda x: 2 * x, chosen=np.array([1, 4, 9, 16]))
    assert len(view) == 4 and view.shape == (4, 3)
    np.testing.assert_array_equal(view[1:3], 2 * ROWS[[4, 9]])
    np.testing.assert_array_equal(view[:], 2 * ROWS[[1, 4, 9, 16]])


def test_a_view_without_a_change_is_a_copy():
    part = RowView(ROWS)[2:5]
    part[:] = 0
    assert ROWS[2, 0] == 6


@pytest.mark.parametrize(("start", "stop"), [(0, 20), (3, 4), (4, 11), (11, 20), (7, 7), (0, 99)])
def test_joined_rows_are_the_rows_one_behind_the_other(start, stop):
    joined = JoinedRows([ROWS[:4], RowView(ROWS[4:4]), RowView(ROWS[4:11]), ROWS[11:]])
    assert joined.shape == (20, 3)
    np.testing.assert_array_equal(joined[start:stop], ROWS[start:stop])


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_joined_rows_are_read_with_a_step(step):
    rows = np.arange(24.0).reshape(12, 2)
    joined = JoinedRows([rows[:5], rows[5:6], rows[6:]])
    np.testing.assert_array_equal(joined[1:11:step], rows[1:11:step])
    with pytest.raises(ValueError, match="forwards"):
        joined[::-step]


def test_blocks_hold_each_row_once():
    found = list(blocks(RowView(ROWS), nbytes=7 * ROWS[:1].nbytes))
    assert [len(block) for block in found] == [7, 7, 6]
    np.testing.assert_array_equal(np.concatenate(found), ROWS)


def resident() -> int:
    """Bytes of this process's memory that are pages of files."""
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("RssFile")]
    return 1024 * int(line.split()[1])


@pytest.mark.skipif(not STATUS.exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: RowView(x, lambda part: part + 1)])
def test_what_is_read_of_a_file_does_not_stay_in_memory(wrap, tmp_path):
    np.save(tmp_path / "rows.npy", np.zeros((1 << 14, 512), np.float32))  # 32 MB
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    before = resident()
    most = 0
    for block in blocks(wrap(rows), nbytes=1 << 20):
        block.sum()
        most = max(most, resident() - before)
    assert most < 8 << 20
    rows.sum()
    assert resident() - before > 24 << 20  # the measure sees pages
    release(rows)
    assert resident() - before < 4 << 20
