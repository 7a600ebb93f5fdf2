"""Runs a command that ends when the process that asked for it does, even when that is killed.

  python with_parent.py COMMAND [ARGUMENT ...] < PIPE

PIPE is held open by the process that asks. The system closes it with that process, however it ends,
and so does whoever wants the command to stop. The command is told to end then, and killed where it
has not within a second. Imports nothing of vadjax: it is run by its path, and starts at once.
"""

import os
import subprocess
import sys
import threading

GRACE_S = 1.0  # from SIGTERM to SIGKILL


def main() -> int:
    """Run the command; return its status."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)

    def wait_for_the_end() -> None:
        while os.read(0, 64):
            pass
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
