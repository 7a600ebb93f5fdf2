"""`objects.create`: what it takes, what it refuses, and what importing it costs."""

import subprocess
import sys

import pytest

from vadjax import objects
from vadjax.errors import UserError


def test_importing_it_imports_no_heavy_library():
    code = (
        "import sys; from vadjax import objects; "
        "print([m for m in ('jax', 'flax', 'onnxruntime') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nanodet\.safetensors is no file; docs/objects\.md"):
        objects.create(tmp_path / "nanodet.safetensors")


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "yolo.pt").write_bytes(b"")
    with pytest.raises(UserError, match=r"yolo\.pt is no weights file of an object detector"):
        objects.create(tmp_path / "yolo.pt")


def test_a_file_can_be_checked_before_it_is_read(tmp_path):
    (tmp_path / "w.onnx").write_bytes(b"")
    objects.check(tmp_path / "w.onnx")
    with pytest.raises(UserError, match="is no file"):
        objects.check(tmp_path / "v.onnx")
    with pytest.raises(UserError, match="is no weights file"):
        objects.check(__file__)


def test_all_options_out_of_range_are_said_at_once(tmp_path):
    with pytest.raises(UserError) as error:
        objects.create(
            tmp_path / "x.onnx", least_score=1.5, overlap=-1, most=0, fit="crop", batch=-1
        )
    for part in ("least_score is 1.5", "overlap is -1", "most is 0", "'crop'", "batch is -1"):
        assert part in str(error.value)
