"""What all tests share: the CPU, compiled programs, the real data where a machine has them."""

import importlib.metadata
import os
import pathlib

import pytest
from hypothesis import settings

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# The same examples every time, however long a busy machine takes over one.
settings.register_profile("vadjax", deadline=None, derandomize=True)
settings.load_profile("vadjax")
# A process of the tests is one of several, and its products are small: threads only cost.
QUICK = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_multi_thread_eigen=false"
)
if importlib.metadata.version("jaxlib").startswith("0.10."):  # an unknown flag ends the process
    # The older emitters and one module for all: another half of the time.
    QUICK += (
        " --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
        " --xla_llvm_force_inline_before_split=false"
    )


def pytest_configure(config):
    """Keep compiled programs from one run of the tests to the next; compile in half the time.

    What is computed once needs no optimised machine code. Parity is shown on the code that users
    run, and so are all tests when XLA_FLAGS is set, if only to "".
    """
    if not any("parity" in str(argument) for argument in config.args):
        os.environ.setdefault("XLA_FLAGS", QUICK)
    for library in ("OMP", "OPENBLAS"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    cache = pathlib.Path(config.rootpath) / ".cache" / "jax"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def pytest_addoption(parser):
    parser.addoption("--fewer", action="store_true", help="of each test the first case")


def pytest_collection_modifyitems(config, items):
    """With --fewer, run every test, but of its cases the first alone."""
    if not config.getoption("--fewer"):
        return
    first = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
    kept = set(first.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


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


def pytest_terminal_summary(terminalreporter):
    """Say how many tests of real data did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    missing = sum("no real data" in str(report.longrepr) for report in skipped)
    if missing:
        terminalreporter.write_line(
            f"{missing} tests of real data skipped: set VADJAX_TEST_DATA to run them"
        )
