"""Known vulnerabilities of an environment: `python tools/audit.py PIP_AUDIT PYTHON`.

Runs pip-audit on what PYTHON has installed. Where its database cannot be reached, that is said and
nothing fails; a vulnerability that is found ends with 1.
"""

import argparse
import subprocess
import sys
import tempfile

UNREACHED = (  # what its error says then
    "Connection",
    "Max retries",
    "timed out",
    "resolve",
    "ServiceError",
    "HTTPError",
)


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pip_audit")
    parser.add_argument("python")
    args = parser.parse_args()
    freeze = [args.python, "-m", "pip", "freeze", "--exclude-editable"]
    installed = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout
    # A local part, as of torch's "+cpu", is no version that the database knows.
    lines = [line.partition("+")[0] for line in installed.splitlines() if "==" in line]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        command = [args.pip_audit, "--requirement", file.name, "--no-deps", "--disable-pip"]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and not done.stdout.strip():
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1][:200]
        if any(sign in done.stderr for sign in UNREACHED):
            print(f"pip-audit skipped: its database cannot be reached here ({reason})")
            return 0
        print(f"pip-audit failed: {reason}")
        return done.returncode
    print(done.stdout.strip() or f"{len(lines)} packages, no known vulnerability")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
