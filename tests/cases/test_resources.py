"""Files that made vadjax take gigabytes or minutes are refused at once."""

import os
import pathlib
import resource
import time

import pytest

from vadjax.backbones import torch_pickle
from vadjax.comparison.published import read_published
from vadjax.errors import UserError

CASES = pathlib.Path(os.environ.get("VADJAX_TEST_DATA", "/nowhere")) / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not on this machine")


@pytest.mark.parametrize(
    ("name", "read", "text"),
    [
        ("xlsx_far_cell.xlsx", read_published, "a value in cell XFD1048576, outside"),
        ("pth_memo_3.4GB.pth", torch_pickle.read, "no PyTorch checkpoint"),
    ],
)
def test_memory_and_time_are_those_of_a_small_file(name, read, text):
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match=text) as caught:
        read(CASES / name)
    assert name in str(caught.value)
    assert time.perf_counter() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB
