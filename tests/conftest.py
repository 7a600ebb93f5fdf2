"""What all tests share: the CPU, compiled programs, the real data where a machine has them."""

import os
import pathlib

import pytest
from absl import flags
from hypothesis import settings

from tests import quick
from tests.browser import CHROMIUM

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# The same examples every time, however long a busy machine takes over one.
settings.register_profile("vadjax", deadline=None, derandomize=True)
settings.load_profile("vadjax")


def pytest_configure(config):
    """Keep compiled programs from one run of the tests to the next; compile quickly.

    What is computed once needs no optimised machine code. Parity is shown on the code that users
    run, and so are all tests when XLA_FLAGS is set, if only to "".
    """
    if not any("parity" in str(argument) for argument in config.args):
        flags = f"{quick.flags()} --xla_cpu_multi_thread_eigen=false"
        os.environ.setdefault("XLA_FLAGS", flags)
    # A process of the tests is one of several, and its products are small: threads only cost.
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


@pytest.fixture(scope="module")
def chromium():
    """Chromium; skips where it or playwright is not installed."""
    if not CHROMIUM:
        pytest.skip("no chromium is installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as tools:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def own_flags():
    """Take back the flags that a test defines: every command has --quiet, one a process."""
    before = set(flags.FLAGS)
    yield
    for name in set(flags.FLAGS) - before:
        delattr(flags.FLAGS, name)


def pytest_terminal_summary(terminalreporter):
    """Say how many tests of real data did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    missing = sum("no real data" in str(report.longrepr) for report in skipped)
    if missing:
        terminalreporter.write_line(
            f"{missing} tests of real data skipped: set VADJAX_TEST_DATA to run them"
        )
