"""Members in training are written into the folders of their runs, so that a killed sweep goes on.

A sweep that is killed loses what was trained since the last writing: `SAVE_S` seconds, or twenty
times what writing takes, whichever is longer.
"""

import hashlib
import pathlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vadjax import config as configs
from vadjax.storage import member_file
from vadjax.sweeps.members import Task
from vadjax.training.member import Member

SAVE_S = 45.0
SHARE = 0.05  # of the time that writing may take


class KeptMembers:
    """Reads and writes the members of a group; see `population.Keeper`.

    Args:
        tasks: of the group.
    """

    def __init__(self, tasks: Sequence[Task]):
        self._tasks = {task.member.name: task for task in tasks}
        self._next = time.perf_counter() + SAVE_S

    def read(self, member: Member, like: Any) -> tuple[Any, dict] | None:
        """Return what was kept of a member.

        Args:
            member: that takes a slot.
            like: structure of its state.

        Returns:
            State and `Progress.kept` to go on from; None where the member starts.
        """
        task = self._tasks[member.name]
        return member_file.read(_path(task), like, _identity(task))

    def due(self) -> bool:
        """Return whether it is time to write."""
        return time.perf_counter() >= self._next

    def write(self, members: Iterable[tuple[Member, Any, Mapping]]) -> None:
        """Write (member, its state on the host, what its `Progress` keeps)."""
        start = time.perf_counter()
        for member, state, kept in members:
            self._write(member, state, kept)
        now = time.perf_counter()
        self._next = now + max(SAVE_S, (now - start) / SHARE)

    def wants_end(self, member: Member) -> bool:
        """Return whether the last state counts: its run has further folds, not all of them ended.

        A run of one fold has its detector written as it ends.
        """
        return len(self._tasks[member.name].run.folds) > 1

    def _write(self, member: Member, state: Any, kept: Mapping) -> None:
        task = self._tasks[member.name]
        member_file.write(_path(task), state, {**kept, "identity": _identity(task)})


def forget(tasks: Iterable[Task]) -> None:
    """Remove what was written of members whose detectors are written.

    Args:
        tasks: of these members.
    """
    for task in tasks:
        _path(task).unlink(missing_ok=True)


def _path(task: Task) -> pathlib.Path:
    return task.run.workdir / f"training-fold{task.fold.index}.npz"


def _identity(task: Task) -> dict:
    """Return what the training that goes on must share: settings, windows and data.

    Epochs and patience may change; the statistics of the features tell whether these are the same.
    """
    digest = hashlib.sha256()
    for values in (task.standardizer.mean, task.standardizer.std):
        digest.update(values.tobytes())
    return {
        "config": configs.run_hash(task.run.config),
        "steps": task.steps,
        "features": digest.hexdigest()[:16],
    }
