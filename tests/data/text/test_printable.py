import json
import os

from hypothesis import given
from hypothesis import strategies as st

from vadjax.data.text.printable import printable, same_form


@given(st.binary(max_size=40))
def test_every_name_of_the_system_becomes_text(raw):
    text = printable(os.fsdecode(raw))
    text.encode("utf-8")
    assert json.loads(json.dumps(text)) == text
    assert not any(ord(char) < 32 for char in text)


def test_printable_names_stay():
    for name in ("a b.mp4", "监控摄像头.mp4", "Café Türe", "=1+1.avi", "👩‍👩‍👧.avi"):
        assert printable(name) == name
    assert printable(os.fsdecode(b"caf\xe9")) == r"caf\xe9"
    assert printable("a\nb\x1b[31m\u2028") == r"a\nb\x1b[31m\u2028"


def test_two_forms_of_one_text_are_the_same():
    assert same_form("e\u0301") == "\u00e9" == same_form("\u00e9")
