"""A command that was started for another process ends with it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from vadjax.runtime import with_parent

GUARD = [sys.executable, "-I", "-S", with_parent.__file__]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
ASKS = """
import subprocess, sys
guard, path, stubborn = sys.argv[1:]
child = f"{stubborn}\\nimport os, time; open({path!r}, 'w').write(str(os.getpid())); time.sleep(60)"
subprocess.Popen([sys.executable, "-I", "-S", guard, sys.executable, "-c", child],
                 stdin=subprocess.PIPE).wait()
"""


def lives(number):
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(done, timeout_s=10.0):
    end = time.monotonic() + timeout_s
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    return done()


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="no /proc to look at")
@pytest.mark.parametrize("stubborn", ["", STUBBORN])
def test_a_command_ends_with_the_killed_process_that_asked_for_it(tmp_path, stubborn):
    path = tmp_path / "pid"
    asks = subprocess.Popen([sys.executable, "-c", ASKS, with_parent.__file__, path, stubborn])
    assert wait_until(lambda: path.exists() and path.read_text())
    child = int(path.read_text())
    assert lives(child)
    asks.send_signal(signal.SIGKILL)
    asks.wait()
    assert wait_until(lambda: not lives(child))


def test_the_status_and_the_words_of_the_command_are_its_own():
    command = [sys.executable, "-c", "import sys; print('why'); sys.exit(7)"]
    found = subprocess.run([*GUARD, *command], stdin=subprocess.PIPE, capture_output=True)
    process = subprocess.Popen([*GUARD, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.wait() == 7 and process.stdout.read() == b"why\n"
    process.stdin.close()
    process.stdout.close()
    assert found.returncode != 0  # whose pipe was closed at once


def test_it_ends_when_the_pipe_is_closed():
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    process = subprocess.Popen([*GUARD, *command], stdin=subprocess.PIPE)
    time.sleep(0.2)
    begin = time.monotonic()
    process.stdin.close()
    assert process.wait(10) == -signal.SIGTERM % 256 or process.returncode
    assert time.monotonic() - begin < 5
