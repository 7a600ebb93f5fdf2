"""The tools that documents name start as the documents write it, from any folder."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
NAMED = sorted(
    {
        name
        for page in PAGES
        for name in re.findall(r"python (tools/\w+\.py)", page.read_text("utf-8"))
    }
)


def test_documents_name_tools():
    assert "tools/bench.py" in NAMED and "tools/measure_copies.py" in NAMED


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_it_says_how_it_is_used(name, tmp_path):
    if name == "tools/fuzz_page.py":
        pytest.importorskip("schemathesis", reason="no extra has schemathesis")
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, ROOT / name, "--help"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
