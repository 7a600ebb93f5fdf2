"""A folder that grows is read file by file, each once, through restarts."""

import os
import threading
import time

import cv2
import numpy as np
import pytest

from tests.live.rtsp import write_h264
from vadjax.live import folder as folders
from vadjax.live.folder import GrowingFolder


def image(path, level, changed):
    cv2.imwrite(str(path), np.full((16, 16, 3), level, np.uint8))
    os.utime(path, (changed, changed))


def levels(frames):
    return [(int(frame[0, 0, 0]), at) for frame, at in frames]


def test_images_in_order_with_the_times_of_their_files(tmp_path):
    for number, level in enumerate((30, 10, 20)):
        image(tmp_path / f"{number}.png", level, 1000.0 + level)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "broken.png").write_bytes(b"x")
    folder = GrowingFolder(tmp_path, once=True)
    assert levels(folder) == [(10, 0.0), (20, 10.0), (30, 20.0)]
    assert folder.wall == 1010.0 and len(folder.notes) == 1
    fast = GrowingFolder(tmp_path, fps=4.0, once=True)
    assert levels(fast) == [(10, 0.0), (20, 0.25), (30, 0.5)] and fast.fps == 4.0


def test_films_follow_one_another_and_never_overlap(tmp_path):
    for name, changed in (("a.mp4", 5000.0), ("b.mp4", 5000.5), ("c.mp4", 6000.0)):
        write_h264(tmp_path / name, seconds=2)
        os.utime(tmp_path / name, (changed, changed))
    folder = GrowingFolder(tmp_path, once=True)
    at = np.array([seconds for _, seconds in folder])
    assert len(at) == 150 and np.diff(at).min() > 0.039 and folder.wall == 4998.0
    np.testing.assert_allclose(at[[0, 50, 100]], [0.0, 2.0, 1000.0], atol=0.01)


def test_a_restart_reads_no_file_again(tmp_path):
    (tmp_path / "in").mkdir()
    memory = tmp_path / "read.json"
    image(tmp_path / "in" / "0.png", 10, 1000.0)
    assert len(list(GrowingFolder(tmp_path / "in", memory=memory, once=True))) == 1
    image(tmp_path / "in" / "1.png", 20, 1000.0)  # of the same moment, with a later name
    image(tmp_path / "in" / "2.png", 30, 1001.0)
    again = levels(GrowingFolder(tmp_path / "in", memory=memory, once=True))
    assert [level for level, _ in again] == [20, 30]
    assert not list(GrowingFolder(tmp_path / "in", memory=memory, once=True))


def test_files_are_awaited_and_read_when_they_are_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "POLL_S", 0.05)
    monkeypatch.setattr(folders, "SETTLED_S", 0.3)
    found = []

    def read():
        for frame, _ in GrowingFolder(tmp_path):
            found.append((int(frame[0, 0, 0]), time.time()))
            if len(found) == 2:
                return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    time.sleep(0.2)
    written = time.time()
    image(tmp_path / "0.png", 50, written)
    while not found and time.time() < written + 20:
        time.sleep(0.02)
    image(tmp_path / "1.png", 60, time.time())
    thread.join(timeout=20)
    assert [level for level, _ in found] == [50, 60]
    assert found[0][1] - written == pytest.approx(0.3, abs=5) and found[0][1] - written >= 0.29
