"""Damaged label files end in one message that names the file; nothing crashes, nothing waits."""

import os
import pathlib

import pytest

from vadjax.data.labels import frame_labels, masks
from vadjax.errors import UserError

CASES = pathlib.Path(os.environ.get("VADJAX_TEST_DATA", "/nowhere")) / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not on this machine")


@pytest.mark.parametrize(
    ("name", "read", "text"),
    [
        ("npz_named.npy", frame_labels.read_vector, "does not begin as a .npy file"),
        ("npy_tokenerror.npy", frame_labels.read_vector, "its header is not that of a plain array"),
        ("npy_claims_128GB.npy", frame_labels.read_vector, "claims 137438953472 bytes and 100 are"),
        ("mat_segfault_1.mat", lambda path: frame_labels.read_gt_cells(path, 12), "MATLAB file"),
        ("vollabel_segfault.mat", masks.read_vollabel, "MATLAB file"),
        ("m_5000_digits.m", frame_labels.read_ucsd_m, "at most nine digits"),
    ],
)
def test_a_damaged_label_file_is_named(name, read, text):
    with pytest.raises(UserError, match=text) as caught:
        read(CASES / name)
    assert name in str(caught.value) and len(str(caught.value)) < 500
