"""tools/audit.py: skipped where the database is out of reach, and for no other reason."""

import json
import subprocess
import sys

import pytest

JAX = {"name": "jax", "version": "0.1", "vulns": []}
BAD = {**JAX, "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.2"]}]}
UNKNOWN = {"name": "torch", "skip_reason": "not found on PyPI"}


def listed(*packages):
    return json.dumps({"dependencies": packages, "fixes": []})


CASES = {
    "nothing found": (listed(JAX, JAX), "", 0, 0, "2 packages: no known vulnerability"),
    "some unknown": (listed(JAX, UNKNOWN), "", 0, 0, "2 packages, 1 of which the database does no"),
    "a vulnerability": (
        listed(BAD),
        "Found 1",
        1,
        1,
        "jax 0.1: PYSEC-1, mended in 0.2\n1 packages",
    ),
    "all unknown": (
        *(listed(UNKNOWN, UNKNOWN), "No known vulnerabilities found, 2 skipped", 0),
        *(0, "pip-audit skipped: its database knows none of 2 packages (not found on PyPI)"),
    ),
    "no network": (
        *("", "requests.exceptions.ConnectionError: Max retries exceeded", 1),
        *(0, "pip-audit skipped: its database cannot be reached here (requests.exc"),
    ),
    "another failure": ("", "ValueError: a bug", 1, 1, "pip-audit failed: ValueError: a bug"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_status_says_what_was_found(tmp_path, case):
    found, error, status, wanted, said = CASES[case]
    audit, python = tmp_path / "pip-audit", tmp_path / "python"
    # It reads the names and versions without the local part of a version.
    audit.write_text(
        f"""#!{sys.executable}
import sys
lines = open(sys.argv[sys.argv.index("--requirement") + 1]).read().split()
assert lines == ["jax==0.1", "torch==2.0"], lines
print({found!r}, end="")
print({error!r}, file=sys.stderr)
sys.exit({status})
"""
    )
    python.write_text("#!/bin/sh\nprintf 'jax==0.1\\ntorch==2.0+cpu\\n'\n")
    for script in (audit, python):
        script.chmod(0o755)
    command = [sys.executable, "tools/audit.py", str(audit), str(python)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == wanted and done.stdout.startswith(said), done.stdout + done.stderr
