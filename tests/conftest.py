"""What all tests share: the CPU, and the real data where the machine has them."""

import os
import pathlib

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")


@pytest.fixture(scope="session")
def real_data() -> pathlib.Path:
    """Folder with `data/` and `weights/` of the real samples; skips where it is absent."""
    root = os.environ.get("VADJAX_TEST_DATA", "")
    if not root:
        pytest.skip("VADJAX_TEST_DATA is not set: no real data on this machine")
    path = pathlib.Path(root)
    if not (path / "data").is_dir():
        pytest.fail(f"VADJAX_TEST_DATA={root} holds no data/ folder")
    return path
