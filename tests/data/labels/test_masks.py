import cv2
import numpy as np
import pytest
import scipy.io

from tests.data import layouts
from vadjax.data.labels import masks
from vadjax.errors import UserError

LABELS = np.array([0, 1, 1, 0, 1], np.uint8)


def test_image_masks_are_zero_and_one(tmp_path):
    layouts.write_masks(tmp_path, LABELS, prefix="frame")
    found = masks.ImageMasks(sorted(tmp_path.iterdir()))
    assert len(found) == 5
    np.testing.assert_array_equal([m.sum() for m in found], 35 * LABELS)
    assert found[1].dtype == np.uint8 and found[-1].max() == 1
    with pytest.raises(IndexError, match="mask 5 of a video of 5"):
        found[5]
    (tmp_path / "frame001.bmp").write_bytes(b"BM")
    with pytest.raises(UserError, match=r"frame001\.bmp cannot be read as a mask"):
        found[0]
    (tmp_path / "frame001.bmp").write_bytes(layouts.LFS_POINTER)
    with pytest.raises(UserError, match=r"frame001\.bmp is a Git-LFS pointer"):
        found[0]


def test_cell_masks_are_read_when_asked_for(tmp_path):
    path = tmp_path / "1_label.mat"
    found = masks.CellMasks(path, 5)  # no file yet, and no harm
    layouts.write_vollabel(path, LABELS)
    np.testing.assert_array_equal([m.sum() for m in found], 12 * LABELS)
    wanted = np.zeros((layouts.HEIGHT, layouts.WIDTH), np.uint8)
    wanted[2:4, 3:9] = 1
    np.testing.assert_array_equal(found[2], wanted)


def test_vollabel_of_another_shape_is_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"volLabel": np.zeros((1, 7))})
    with pytest.raises(UserError, match=r"volLabel should be a cell of one mask"):
        masks.read_vollabel(tmp_path / "a.mat")


def test_shares_of_places(tmp_path):
    mask = np.zeros((8, 12), np.uint8)
    mask[:4, :6], mask[6:, 9:] = 1, 1
    cv2.imwrite(str(tmp_path / "0.bmp"), 255 * mask)
    found = masks.place_shares(masks.ImageMasks([tmp_path / "0.bmp"]), (2, 4))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, [[[1, 1, 0, 0], [0, 0, 0, 0.5]]])
