"""What `vadjax inspect` prints of a data set."""

import io

import numpy as np
from rich.console import Console

from vadjax.data.frames.on_demand import Frames
from vadjax.data.video import Dataset, Video
from vadjax.report.dataset import show


class Grey(Frames):
    def __init__(self):
        super().__init__(3, size=(8, 8))

    def _read(self, index):
        return np.zeros((8, 8), np.uint8)


def clip(name, *classes):
    return Video(name, name.partition("/")[0], Grey(), fps=10.0, classes=classes)


def printed(train, test):
    buffer = io.StringIO()
    show(Dataset("drawn", "exact", None, train, test), Console(file=buffer, width=100))
    return [line.split() for line in buffer.getvalue().replace("│", " ").splitlines()]


def test_clips_are_counted_by_class():
    train = (clip("train/0", "Abuse"), clip("train/1", "Abuse", "Arson"), clip("train/2"))
    lines = printed(train, (clip("test/0", "Arson"),))
    assert ["Abuse", "2", "0"] in lines and ["Arson", "1", "1"] in lines
    assert ["without", "a", "class", "1", "0"] in lines


def test_without_classes_there_is_no_such_table():
    assert not any("class" in line for line in printed((clip("train/0"),), (clip("test/0"),)))
