"""Sinks and page of a watch, by what a person types."""

import json
import pathlib
import subprocess
import sys

import pytest

from tests.live import made
from tests.live.server.asked import ask
from vadjax.errors import UserError
from vadjax.live.event_store import EventStore
from vadjax.live.outlets import Outlets
from vadjax.live.status import Status

TOKEN = "0123456789abcdef-token"


def test_they_are_open_while_the_watch_runs(tmp_path):
    store, said = EventStore(tmp_path), []
    outlets = Outlets((f"jsonl:{tmp_path}/events.jsonl",), port=0)
    with outlets.opened(store, Status(["gate"]), said.append):
        url = said[-1].rpartition(" ")[2]
        store.put(made.event())
        assert ask(url, "/api/events").json["events"][0]["id"] == "gate-0000"
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["gate-0000:open"]
    with pytest.raises(OSError):
        ask(url, "/api/events")
    store.close()


def test_tokens_and_addresses_are_checked_first(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="kind of sink"):
        Outlets(("htps://x",))
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert Outlets(token_file=tmp_path / "token").token == TOKEN
    monkeypatch.setenv("VADJAX_TOKEN", "of the environment")
    assert Outlets().token == "of the environment"
    with pytest.raises(UserError, match="no such file"):
        _ = Outlets(token_file=tmp_path / "none").token
    store = EventStore(tmp_path)
    monkeypatch.delenv("VADJAX_TOKEN")
    with (
        pytest.raises(UserError, match="give a token"),
        Outlets(port=0, host="0.0.0.0").opened(store, None, print),
    ):
        pass
    store.close()


def test_the_command_refuses_a_password_before_anything_else(tmp_path):
    command = [sys.executable, "-m", "vadjax", "watch", "night.mp4", "--detector=none"]
    done = subprocess.run(
        [*command, "--sink=mqtt://me:secret@host"],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=pathlib.Path(__file__).parents[2],
    )
    assert done.returncode == 1 and "holds a password" in done.stderr, done.stderr
    assert "secret" not in done.stderr and len(done.stderr.strip().splitlines()) == 1
