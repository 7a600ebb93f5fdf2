import cv2
import numpy as np
import pytest

from vadjax.data.labels.mask_forms import FORMS, open_masks
from vadjax.errors import UserError


def test_soft_edges_are_cut_at_half(tmp_path):
    """An anti-aliased edge, as in the magnetic tiles; a mask of 0 and 1; and no file."""
    edge = np.array([[0, 60, 127, 128, 255]], np.uint8).repeat(3, 0)
    for name, mask in (("edge", edge), ("binary", edge // 255), ("empty", edge * 0)):
        assert cv2.imwrite(str(tmp_path / f"{name}.png"), mask)
    paths = [
        str(tmp_path / "edge.png"),
        str(tmp_path / "binary.png"),
        "",
        str(tmp_path / "empty.png"),
    ]
    masks = open_masks("soft", paths, num_frames=4, size=(3, 5))
    assert [mask.sum(1).tolist() for mask in masks] == [[2] * 3, [1] * 3, [0] * 3, [0] * 3]
    assert {mask.shape for mask in masks} == {(3, 5)} and len(masks.fingerprint) == 32
    hard = open_masks("images", paths[:1], num_frames=1, size=(3, 5))
    assert hard[0].sum(1).tolist() == [4] * 3  # any pixel above 0


def test_arrays_are_mapped(tmp_path):
    path = tmp_path / "masks.npy"
    np.save(path, np.arange(24).reshape(2, 3, 4) % 5)
    masks = open_masks("array", [str(path)], num_frames=2, size=(3, 4))
    np.testing.assert_array_equal(masks[1], np.arange(12, 24).reshape(3, 4) % 5 > 0)
    path.write_bytes(b"\x93NUMPY")
    with pytest.raises(UserError, match="cannot be read as masks"):
        masks[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_clip_without_masks_has_none(form):
    assert open_masks(form, (), num_frames=2, size=(3, 4)) is None
