"""A crash within a decoder names the file that was being decoded."""

import signal
import subprocess
import sys
import textwrap

import pytest

from tests.data.layouts import write_video
from vadjax.data.decoding import decode
from vadjax.runtime import crash, crash_report

DUMP = (
    "Fatal Python error: Segmentation fault\n\nThread 0x1 (most recent call first):\n"
    '  File "a.py", line 1 in f\n\nCurrent thread 0x2 (most recent call first):\n'
    '  File "/lib/decode.py", line 7 in decode\n  File "b.py", line 2 in g\n'
)


def crashed(lines: str, number: int = signal.SIGSEGV, **how) -> subprocess.CompletedProcess:
    """Run lines in a process that is watched, then crash it."""
    program = "import os, threading\nfrom vadjax.runtime import crash\ncrash.watch()\n"
    program += textwrap.dedent(lines).replace("CRASH", f"os.kill(os.getpid(), {int(number)})")
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, **how)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_the_file_that_is_decoded_is_named_and_the_signal_stays(number):
    done = crashed("with crash.decoding('/data/bad video.mp4'):\n  CRASH", number)
    assert done.returncode == -number
    assert "\n  /data/bad video.mp4\n" in done.stderr
    assert done.stderr.count("vadjax: the process crashed (") == 1
    assert "most recent call" not in done.stderr


def test_files_that_are_done_are_not_named_and_those_of_other_threads_are():
    lines = """
    with crash.decoding('/a.mp4'):
        pass
    def decode():
        with crash.decoding('/b.mp4'):
            begun.set(); threading.Event().wait()
    begun = threading.Event()
    threading.Thread(target=decode, daemon=True).start()
    begun.wait()
    with crash.decoding('/c.mp4'):
        CRASH
    """
    said = crashed(lines).stderr
    assert "2 files:\n  /b.mp4\n  /c.mp4\n" in said.replace("/c.mp4\n  /b.mp4", "/b.mp4\n  /c.mp4")
    assert "/a.mp4" not in said


def test_a_crash_of_anything_else_has_the_usual_traceback():
    said = crashed("with crash.decoding('/a.mp4'): pass\nCRASH").stderr
    assert said.startswith("Fatal Python error: Segmentation fault")
    assert "/a.mp4" not in said


def test_commands_are_watched():
    lines = """
    import os, sys
    from vadjax import cli
    from vadjax.runtime import crash
    def main(argv):
        with crash.decoding('/a.mp4'):
            os.kill(os.getpid(), 11)
    sys.argv = ["vadjax"]
    cli.run(main)
    """
    command = [sys.executable, "-c", textwrap.dedent(lines)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "\n  /a.mp4\n" in done.stderr and "most recent call" not in done.stderr


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(3)", "os._exit(3)", "os.kill(0, 9)"])
def test_without_a_crash_nothing_is_said(end):
    done = crashed(f"with crash.decoding('/a.mp4'):\n  {end}", start_new_session=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert done.returncode == {"pass": 0, "os.kill(0, 9)": -9}.get(end, 3)


def test_a_decoder_names_its_file_while_it_is_open(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(crash, "_watch", type("Watch", (), {})())
    monkeypatch.setattr(crash._watch, "begin", names.append, raising=False)
    monkeypatch.setattr(crash._watch, "end", lambda slot: names.clear(), raising=False)
    path = write_video(tmp_path / "a.mp4", 5)
    with decode.Decoder(path) as decoder:
        next(iter(decoder))
        assert names == [str(path)]
    assert names == []
    (tmp_path / "b.mp4").write_bytes(b"no video")
    with pytest.raises(Exception, match="cannot be decoded"):
        decode.Decoder(tmp_path / "b.mp4")
    assert names == []


def test_the_report_says_where_and_what():
    said = crash_report.report(DUMP, ["/a.mp4"])
    assert "(Segmentation fault in /lib/decode.py, line 7) while" in said
    assert "it decoded a file:\n  /a.mp4\n" in said
    assert crash_report.report(DUMP, []) == DUMP


def test_slots_give_their_names_once_and_long_ones_their_end():
    content = b"".join(n.ljust(crash_report.SLOT, b"\0") for n in (b"/a", b"", b"/b", b"/a"))
    assert crash_report.names_of(content) == ["/a", "/b"]
    said = crashed("with crash.decoding('x' * 2000 + '/end.mp4'):\n  CRASH").stderr
    assert "x/end.mp4\n" in said
