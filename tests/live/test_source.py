"""What is typed as a source, and that no password of one is ever shown."""

import pathlib

import pytest

from vadjax.errors import UserError
from vadjax.live.source import folders_of, read_list, sources_of, without_secrets


def test_kinds_and_names(tmp_path):
    (tmp_path / "yard.mp4").write_bytes(b"")
    (tmp_path / "frames").mkdir()
    texts = ["rtsp://me:pw@cam.local/1", "door=http://h/?a=b", "0", f"{tmp_path}/yard.mp4"]
    found = sources_of([*texts, f"{tmp_path}/frames", "-", "1", "rtsp://cam.local/2"])
    assert [one.kind for one in found] == [
        *("stream", "stream", "camera", "file", "folder", "pipe", "camera", "stream")
    ]
    names = ["cam.local", "door", "camera-0", "yard", "frames", "pipe", "camera-1", "cam.local-2"]
    assert [one.name for one in found] == names
    assert [one.is_live for one in found][:5] == [True, True, True, False, False]


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("DOOR_PASSWORD", "p@ss/w")
    (one,) = sources_of(["rtsp://me:${DOOR_PASSWORD}@cam/1?token=abc"])
    assert one.target == "rtsp://me:p%40ss%2Fw@cam/1?token=abc"
    for text in (one.shown, repr(one), one.name, f"{one}"):
        assert "me" not in text and "p%40" not in text and "abc" not in text
    said = without_secrets("cannot open rtsp://a:b@c/d?e=f (401), http://x:y@z is lost")
    assert said == "cannot open rtsp://***@c/d?*** (401), http://***@z is lost"


def test_what_cannot_be_watched_is_said(tmp_path):
    for text, said in (
        ("ftp://me:pw@host/x", r"ftp://\*\*\*@host/x: addresses with ftp"),
        ("/nowhere.mp4", "does not exist"),
        ("rtsp://${NOT_SET}@host", "NOT_SET of the environment is not set"),
    ):
        with pytest.raises(UserError, match=said):
            sources_of([text])
    with pytest.raises(UserError, match="two sources are called 'a'"):
        sources_of(["a=0", "a=1"])


def test_a_list_of_sources_and_their_detectors(tmp_path):
    (tmp_path / "list").write_text("# cameras\ndoor=0\n\nyard=rtsp://a/b\n")
    sources = sources_of(read_list(tmp_path / "list"))
    assert [one.name for one in sources] == ["door", "yard"]
    runs = pathlib.Path("runs")
    assert folders_of("runs", sources) == {"door": runs, "yard": runs}
    odd = tmp_path / "lr=0.1"
    odd.mkdir()
    assert folders_of(str(odd), sources) == {"door": odd, "yard": odd}
    assert folders_of("yard=x,runs", sources) == {"door": runs, "yard": pathlib.Path("x")}
    for wrong, said in (("yrd=x", "no source is called 'yrd'"), ("door=x", "detector for yard")):
        with pytest.raises(UserError, match=said):
            folders_of(wrong, sources)
