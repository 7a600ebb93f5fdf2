"""Known vulnerabilities of an environment: `python tools/audit.py PIP_AUDIT PYTHON`.

Runs pip-audit on what PYTHON has installed. Where its database cannot be reached, or knows none of
the packages, that is said and nothing fails; a vulnerability that is found ends with 1.
"""

import argparse
import json
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
        done = subprocess.run([*command, "--format=json"], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1][:200]
        if any(sign in done.stderr for sign in UNREACHED):
            print(f"pip-audit skipped: its database cannot be reached here ({reason})")
            return 0
        print(f"pip-audit failed: {reason}")
        return done.returncode or 1
    return _say(packages)


def _say(packages: list[dict]) -> int:
    """Print what is known of the packages; return the exit status."""
    skipped = [package for package in packages if "skip_reason" in package]
    if packages and len(skipped) == len(packages):
        # As behind a mirror that serves packages alone: none of them was looked at.
        reason = skipped[0]["skip_reason"]
        print(f"pip-audit skipped: its database knows none of {len(packages)} packages ({reason})")
        return 0
    found = [(package, fault) for package in packages for fault in package.get("vulns", ())]
    for package, fault in found:
        fixed = ", ".join(fault.get("fix_versions", ())) or "no version"
        print(f"{package['name']} {package['version']}: {fault['id']}, mended in {fixed}")
    unknown = f", {len(skipped)} of which the database does not know" if skipped else ""
    count = f"{len(found)} known vulnerabilities" if found else "no known vulnerability"
    print(f"{len(packages)} packages{unknown}: {count}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
