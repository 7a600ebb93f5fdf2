"""What was learnt of clips, in files: of all clips, that of one is in memory at a time."""

import pathlib
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np

from vadjax.detectors.scene.cue import Lesson
from vadjax.runtime import leftovers

PREFIX = ".lessons-"


class LessonStore:
    """Lessons by clip and name, in a folder that goes with the store.

    Args:
        folder: where that folder is made; what ended processes left there goes. None: the system's
            place of temporary files.
    """

    def __init__(self, folder: pathlib.Path | None = None):
        place = pathlib.Path(tempfile.gettempdir()) if folder is None else folder
        leftovers.remove_left(place, PREFIX)
        self._folder = place / f"{PREFIX}{leftovers.owner()}-{secrets.token_hex(3)}"
        self._folder.mkdir(parents=True)
        self._number: dict[Hashable, int] = {}
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def __contains__(self, clip: Hashable) -> bool:
        """Whether the lessons of a clip are there."""
        return clip in self._number

    def keep(self, clip: Hashable, lessons: Mapping[str, Lesson]) -> None:
        """Write the lessons of a clip.

        Args:
            clip: what it is found by.
            lessons: by name.
        """
        number = len(self._number)
        for name, lesson in lessons.items():
            np.savez(self._path(number, name), allow_pickle=False, **lesson)
        self._number[clip] = number

    def of(self, clips: Iterable[Hashable], name: str) -> "Lessons":
        """Return the lessons of one name.

        Args:
            clips: that were kept.
            name: of the lessons.

        Returns:
            A sequence in the order of the clips, which reads a lesson each time it is asked for.
        """
        return Lessons([self._path(self._number[clip], name) for clip in clips], self)

    def _path(self, number: int, name: str) -> pathlib.Path:
        return self._folder / f"{number}-{name}.npz"


class Lessons(Sequence[Lesson]):
    """Lessons that are read from their files, one by one, each time anew.

    Args:
        paths: of the files.
        store: that they belong to, which is held so long.
    """

    def __init__(self, paths: Sequence[pathlib.Path], store: LessonStore):
        self._paths, self._store = paths, store

    def __len__(self) -> int:
        """Lessons."""
        return len(self._paths)

    def chosen(self, numbers: Iterable[int]) -> "Lessons":
        """Return some of the lessons.

        Args:
            numbers: of them.

        Returns:
            The sequence of these.
        """
        return Lessons([self._paths[number] for number in numbers], self._store)

    def __getitem__(self, index):
        """Read one lesson; of a slice return the sequence."""
        if isinstance(index, slice):
            return self.chosen(range(len(self))[index])
        with np.load(self._paths[index], allow_pickle=False) as file:
            return dict(file)


def summed(lessons: Iterable[Lesson], name: str) -> np.ndarray:
    """Add an array of all lessons, one after the other.

    Args:
        lessons: at least one.
        name: of the array, of one shape in all of them.

    Returns:
        The sum, of the array's dtype.

    Raises:
        ValueError: there is no lesson.
    """
    total: np.ndarray | None = None
    for lesson in lessons:
        total = lesson[name].copy() if total is None else np.add(total, lesson[name], out=total)
    if total is None:
        raise ValueError("no lesson to add")
    return total
