"""What a console prints, on a terminal and elsewhere, and what its log file keeps."""

import contextlib
import io
import itertools
import json
import logging
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import threading
import time
import types

import pytest
from rich.console import Console as Rich

from vadjax.errors import UserError
from vadjax.runtime import activity, pace
from vadjax.runtime.compiling import FILE, compiling
from vadjax.runtime.console import Console

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}  (.*)")


def written(console, *, terminal=False):
    """Let a console write into a buffer."""
    buffer = io.StringIO()
    rich = Rich(
        file=buffer,
        force_terminal=terminal,
        force_interactive=terminal,
        width=120,
        highlight=False,
        soft_wrap=True,
        quiet=console.rich.quiet,
    )
    console.rich = console._activities._rich = rich
    return buffer


@pytest.fixture
def hasty(monkeypatch):
    """Seconds of silence become tenths."""
    monkeypatch.setattr(activity, "LOOK_S", 0.02)
    monkeypatch.setattr(pace, "FIRST_S", 0.1)


def test_silence_is_broken_in_a_log(hasty):
    console = Console()
    buffer = written(console)
    with console.doing("opening"), console.doing("measuring the maps"):
        time.sleep(0.5)
    lines = buffer.getvalue().splitlines()
    assert lines and all(re.fullmatch(r"  measuring the maps: \d s so far", x) for x in lines)
    assert "vadjax-progress" not in {thread.name for thread in threading.enumerate()}


def test_what_is_said_breaks_the_silence_too(hasty, monkeypatch):
    """Each pause is shorter than the silence that is filled, by a clock that no load disturbs."""
    now = [0.0]
    monkeypatch.setattr(activity, "time", types.SimpleNamespace(monotonic=lambda: now[0]))
    console = Console()
    buffer = written(console)
    with console.doing("talking"):
        for number in range(20):
            console.say(f"line {number}")
            now[0] += 0.09
            time.sleep(0.03)
    assert buffer.getvalue().splitlines() == [f"line {number}" for number in range(20)]


def test_a_bar_in_a_log_has_rate_and_time_left(hasty, monkeypatch):
    monkeypatch.setattr("vadjax.runtime.pace.TOGETHER_S", 0.0)
    console = Console()
    buffer = written(console)
    with console.bar("frames", total=100, unit="frames") as advance:
        for done in range(0, 60, 10):
            advance(done, "a note")
            time.sleep(0.05)
        time.sleep(0.2)
    assert re.search(r"  50/100 frames, \d+\.\d frames/s, \d s left, a note", buffer.getvalue())


def test_a_terminal_shows_the_innermost_activity():
    console = Console()
    buffer = written(console, terminal=True)
    with console.doing("opening the data set"):
        with console.bar("extracting", total=10, unit="frames") as advance:
            advance(4)
            time.sleep(0.3)
            console.say("a line")
        time.sleep(0.3)
    text = buffer.getvalue()
    assert text.index("extracting 4/10") < text.index("a line") < text.rindex("opening the data")


def test_quiet_prints_nothing_and_the_log_has_everything(hasty, tmp_path):
    console = Console(quiet=True)
    buffer, path = written(console), tmp_path / "run.log"
    with console.attached(), console.doing("a stage"):
        console.say("before the file is known")
        console.log_to(path, command="vadjax train x")
        logging.getLogger("vadjax.explain.film").info("drawing %d clips", 3)
        console.detail("a detail")
        console.show("[bold]a table[/bold]")
        time.sleep(0.3)
    assert not buffer.getvalue()
    said = [LINE.fullmatch(line)[1] for line in path.read_text().splitlines()]
    wanted = ["before the file is known", "started as: vadjax train x", "  drawing 3 clips"]
    assert said == [*wanted, "a detail", "a table", "ended"]


def test_details_and_times_are_printed_when_asked_for():
    for verbose, wanted in ((False, r"a line\n"), (True, r"[\d:]{8} a line\n[\d:]{8} a detail\n")):
        console = Console(verbose=verbose)
        buffer = written(console)
        console.say("a line")
        console.detail("a detail")
        assert re.fullmatch(wanted, buffer.getvalue())


def test_the_log_is_appended_and_says_how_a_run_ended(tmp_path):
    for error in (UserError("no space"), KeyboardInterrupt(), ZeroDivisionError("a bug")):
        console = Console(quiet=True)
        with contextlib.suppress(type(error)), console.attached():
            console.log_to(tmp_path / "run.log", command="again")
            raise error
    text = (tmp_path / "run.log").read_text()
    assert text.count("started as: again") == 3
    assert "ended: no space" in text and "ended: KeyboardInterrupt" in text
    assert text.count("Traceback") == 1 and text.rstrip().endswith("ZeroDivisionError: a bug")


def test_a_log_that_cannot_be_written_ends_nothing(tmp_path):
    console = Console(quiet=True)
    with console.attached():
        console.log_to(tmp_path / "missing" / "run.log")
        console.say("x")
    console = Console(quiet=True)
    with console.attached():
        console.log_to(tmp_path / "run.log")
        console.say("a name \udce9 that is not UTF-8")
    assert r"a name \udce9 that" in (tmp_path / "run.log").read_text()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_does_not_end_a_run_by_its_log():
    console = Console(quiet=True)
    with console.attached():
        console.log_to(pathlib.Path("/dev/full"))
        console.say("x")


def test_consoles_leave_the_log_records_to_the_one_that_is_attached():
    console = Console()
    buffer = written(console)
    with console.attached():
        Console(quiet=True)  # as baselines make
        logging.getLogger("vadjax.explain").info("drawing")
    assert buffer.getvalue() == "  drawing\n"
    assert not logging.getLogger("vadjax").handlers


def test_compilation_is_announced_by_what_it_took_before(tmp_path):
    console = Console()
    buffer = written(console)
    for _ in range(2):
        with compiling(console, "an epoch", cache_dir=tmp_path, key="a"):
            time.sleep(0.01)
    path = tmp_path / FILE
    [key] = json.loads(path.read_text())
    path.write_text(json.dumps({key: 12.3}))
    with compiling(console, "an epoch", cache_dir=tmp_path, key="a"):
        pass
    path.write_text("{damaged")
    with compiling(console, "an epoch", cache_dir=tmp_path / FILE / "no folder", key="a"):
        pass
    assert buffer.getvalue().splitlines() == [
        "  compiling an epoch: usually 5 to 20 s",
        "  compiling an epoch: 1 s the last time",
        "  compiling an epoch: 12 s the last time",
        "  compiling an epoch: usually 5 to 20 s",
    ]


SILENT = """
import time
from vadjax.runtime.console import Console
console = Console()
with console.attached(), console.doing("a stage"):
    time.sleep(2)
print("over")
"""


def test_a_terminal_is_never_silent():
    """The longest pause between two writes to a terminal, of two seconds without a word."""
    primary, secondary = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-c", SILENT], stdout=secondary, stderr=secondary, env=environment
    )
    os.close(secondary)
    times, text = [], b""
    while b"over" not in text and select.select([primary], [], [], 30)[0]:
        text += os.read(primary, 65536)
        times.append(time.monotonic())
    assert process.wait(10) == 0 and b"a stage" in text
    os.close(primary)
    assert max(b - a for a, b in itertools.pairwise(times)) < 1.5
