"""Every file name that the system allows works: bytes that are no UTF-8, long, decomposed, odd."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.data.indexing.find_clips import find_clips
from vadjax.errors import UserError

CASES = pathlib.Path(os.environ.get("VADJAX_TEST_DATA", "/nowhere")) / "cases"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not on this machine")


def load(tmp_path, root):
    return data.load(layouts.config("folder", root), cache_dir=tmp_path / "cache")


@needs_cases
def test_the_names_of_the_cases(tmp_path):
    root = tmp_path / "mine"
    subprocess.run([sys.executable, CASES / "make_names.py", root], check=True)
    (root / "test").mkdir()
    shutil.copy(CASES / "colon_name.mp4", root / "test" / "a.mp4")
    # The name in the file is composed, that on disk is not.
    text = (CASES / "labels_nfc.csv").read_text(encoding="utf-8")
    (root / "labels.csv").write_text(text, encoding="utf-8")
    dataset = load(tmp_path, root)
    nfd = unicodedata.normalize("NFD", "Café Türe")
    wanted = {"train/" + name for name in (r"caf\xe9", nfd, "x" * 240, "监控摄像头" * 6)}
    assert {v.id for v in dataset.train} == wanted
    assert all(next(iter(v.frames)).ndim == 3 for v in dataset.train)
    labels = {v.id: v.labels for v in dataset.train}
    assert np.flatnonzero(labels[f"train/{nfd}"]).tolist() == list(range(10, 20))
    assert [note.what for note in dataset.deviations] == [
        "left out: links to folders that are read already (1), such as train/sub/loop",
        f"labels.csv marks abnormal frames in train/{nfd}",
    ][::-1]
    json.dumps([v.id for v in dataset.train], ensure_ascii=False).encode("utf-8")


NAMES = [
    b"caf\xe9.avi",
    b"\xff\xfe.avi",
    b"-rf.avi",
    b"--help.avi",
    b"file:a.avi",
    b"concat:a|b.avi",
    b"http:%2F%2Fa.avi",
    b"2024-11-01T12:30:05.avi",
    b"%05d.avi",
    b"a*?[b].avi",
    b"new\nline.avi",
    b"tab\tquote'\"\\.avi",
    b"=1+1.avi",
    b" spaces  .avi",
    ("\N{WAVING HAND SIGN}" * 62).encode() + b".avi",
    b"x" * 251 + b".avi",
]


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[2:14] for name in NAMES])
def test_a_video_of_any_name_is_read(tmp_path, name, monkeypatch):
    content = layouts.write_video(tmp_path / "plain" / "a.avi", 5).read_bytes()
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)
    wanted = list(data.open_video(tmp_path / "plain" / "a.avi").frames)
    monkeypatch.chdir(tmp_path / "odd")
    for path in (tmp_path / "odd" / os.fsdecode(name), os.fsdecode(name)):
        video = data.open_video(path)
        video.id.encode("utf-8")
        np.testing.assert_array_equal(list(video.frames), wanted)
        np.testing.assert_array_equal(video.frames[3], wanted[3])
        source = data.open_source(tmp_path / "odd" / os.fsdecode(name))
        np.testing.assert_array_equal([frame for frame, _ in source], wanted)
    assert len(data.open_videos(tmp_path / "odd")) == 1


def test_a_data_set_below_a_name_that_is_no_utf_8(tmp_path):
    root = pathlib.Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    for name in ("train/a", "train/b\udce9", "test/c"):
        layouts.write_images(tmp_path / "plain", 3)  # OpenCV writes to no such name
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain").rename(root / name)
    for _ in range(2):  # scanned, then from the index
        dataset = load(tmp_path, root)
        assert [v.id for v in dataset.train] == ["train/a", r"train/b\xe9"]
        assert [len(list(v.frames)) for v in dataset.train] == [3, 3]
    (root / "labels.csv").write_text("video,start,stop\nc,0,2\n")
    assert load(tmp_path, root).test[0].labels.tolist() == [1, 1, 0]


def test_links_in_circles_are_read_once(tmp_path):
    layouts.write_images(tmp_path / "a" / "clip", 2)
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "self").symlink_to("self")
    clips = find_clips(tmp_path)
    assert list(clips.paths) == ["a/clip"]
    assert clips.left_out == {
        "links to folders that are read already": ["a/up", "b"],
        "broken links": ["self"],
    }


def test_folders_may_lie_deep(tmp_path):
    folders = [f"{tmp_path}{'/d' * depth}" for depth in range(1, 1101)]  # more than Python recurses
    for folder in folders:
        os.mkdir(folder)
    paths = layouts.write_images(pathlib.Path(folders[-1]), 2)
    found = find_clips(tmp_path).paths
    for path in paths:
        path.unlink()
    for folder in reversed(folders):  # shutil, which tidies up after the tests, does recurse
        os.rmdir(folder)
    assert [name.count("/") for name in found] == [1099]


def test_two_names_that_look_alike_are_told_apart_or_refused(tmp_path):
    for name in (b"a\xe9.avi", rb"a\xe9.avi"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
            pass
    with pytest.raises(UserError, match="are both called"):
        find_clips(tmp_path)
