"""A fingerprint is a hash of the bytes alone; that of earlier versions is still known."""

import hashlib
import os

import pytest

from vadjax.data.images.frames import ImageFrames
from vadjax.data.paths.fingerprints import fingerprint, fingerprint_before, signature


def write(path, content, times=(1, 2)):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=times)
    return path


@pytest.mark.parametrize("size", [2, 70_000, 3 << 20], ids=["small", "head", "large"])
def test_one_byte_anywhere_makes_another_fingerprint_at_equal_name_size_and_time(tmp_path, size):
    """Frames of a fixed size, unpacked from an archive, often agree in all of these."""
    content = bytes(size)
    seen = {fingerprint([write(tmp_path / "0" / "a.tif", content)])}
    places = sorted({0, size // 3, size // 2, size - 1})
    for n, place in enumerate(places, 1):
        changed = bytearray(content)
        changed[place] = 1
        seen.add(fingerprint([write(tmp_path / str(n) / "a.tif", bytes(changed))]))
    assert len(seen) == 1 + len(places)


def test_equal_bytes_are_equal_wherever_they_lie(tmp_path):
    first = [write(tmp_path / "a" / f"{n}.tif", bytes([n])) for n in range(3)]
    second = [write(tmp_path / "b" / f"frame{n}.tif", bytes([n]), (9, 9)) for n in range(3)]
    assert fingerprint(first) == fingerprint([str(path) for path in second])
    assert fingerprint(first) != fingerprint(first[::-1])  # the order is that of the frames
    assert fingerprint(first) != fingerprint(first[:2])


def test_bytes_may_not_move_from_one_file_to_the_next(tmp_path):
    one = [write(tmp_path / "a" / "1", b"ab"), write(tmp_path / "a" / "2", b"c")]
    two = [write(tmp_path / "b" / "1", b"a"), write(tmp_path / "b" / "2", b"bc")]
    assert fingerprint(one) != fingerprint(two)


def test_frames_know_that_their_file_was_replaced(tmp_path):
    path = write(tmp_path / "1.png", b"a")
    frames = ImageFrames([path, tmp_path / "missing.png"])
    assert not frames.changed
    write(path, b"b")  # the same size and mtime
    assert frames.changed
    assert signature([path]) == signature([str(path)])


def test_the_fingerprint_of_earlier_versions(tmp_path):
    """As vadjax 0.2 wrote it to data.json: names, sizes, times, and both ends of large files."""
    small = write(tmp_path / "a.tif", b"12", (0, 34))
    large = write(tmp_path / "b.avi", b"x" * (1 << 20), (0, 56))
    text = b"a.tif\x002\x0034\0b.avi\x001048576\x0056\0" + b"x" * (1 << 17)
    want = hashlib.sha256(text).hexdigest()[:32]
    now = fingerprint([small, large])
    assert fingerprint_before([small, large], now) == want
    assert fingerprint_before([small, large], f"{now}-flip-1a2b") == f"{want}-flip-1a2b"
    assert fingerprint_before([large], f"{now}-0-12").endswith("-0-12")
    assert not fingerprint_before([small, large], f"{now}-0-12")  # some images of a folder
