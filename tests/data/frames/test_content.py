"""What a frame shows, in few bytes."""

import cv2
import numpy as np
import pytest

from vadjax.data.frames.content import (
    GRID,
    content_row,
    content_rows,
    measure_content,
    open_content,
    save_content,
)


def frames(num=4, height=120, width=200, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, height, width, 3), np.uint8)


def test_the_grid_holds_the_means_of_its_blocks():
    frame = frames(1, 160, 160)[0]
    grid = measure_content([frame])["grid"][0].reshape(GRID, GRID)
    blocks = frame.reshape(GRID, 10, GRID, 10, 3).mean((1, 3, 4))
    assert np.abs(grid - blocks).max() <= 1  # rounded twice


def test_one_pixel_changes_the_hash_and_an_equal_frame_has_the_same():
    frame = frames(1)[0]
    other = frame.copy()
    assert content_row(frame) == content_row(other)
    other[60, 100, 1] ^= 1
    a, b = measure_content([frame, other])
    assert a["hash"] != b["hash"]


def test_views_and_grey_frames_are_measured_as_they_look():
    frame = frames(1)[0]
    assert content_row(frame[:, ::-1]) == content_row(np.ascontiguousarray(frame[:, ::-1]))
    grey = frame[..., 0]
    grid = measure_content([grey, np.stack([grey] * 3, -1)])["grid"].astype(int)
    assert np.abs(grid[0] - grid[1]).max() <= 1


@pytest.mark.parametrize("size", [(64, 48), (100, 60), (960, 720)])
def test_a_resized_frame_keeps_its_grid(size):
    smooth = cv2.GaussianBlur(frames(1, 480, 640)[0], (0, 0), 15)
    resized = cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)
    a, b = measure_content([smooth, resized])["grid"].astype(int)
    assert np.abs(a - b).max() <= 2


def test_a_file_is_read_back_and_a_damaged_one_is_none(tmp_path):
    rows, path = measure_content(frames()), tmp_path / "below" / "content.npy"
    save_content(path, [rows[:3], rows[3:]])
    assert np.array_equal(open_content(path), rows) and len(list(path.parent.iterdir())) == 1
    path.write_bytes(path.read_bytes()[:50])
    assert open_content(path) is None and open_content(tmp_path / "none.npy") is None
    np.save(path, np.zeros(4))
    assert open_content(path) is None
    assert len(content_rows([])) == 0
