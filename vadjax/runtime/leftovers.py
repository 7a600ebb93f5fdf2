"""Names of temporary files that say whose they are, so that those of ended processes can go."""

import contextlib
import os
import pathlib
import re
import shutil
import time

UNKNOWN_S = (
    3600.0  # seconds since the last change, after which one whose process is unknown is left
)
_OWNER = re.compile(r"(.+)-(\d+)\.(\d+)-")


def owner() -> str:
    """Return what names this process for good: its machine, process id and time of start."""
    return f"{_machine()}-{os.getpid()}.{_started(os.getpid()) or 0}"


def _machine() -> str:
    """Name where process ids are unique; containers may share the name of their machine."""
    try:
        space = re.sub(r"\D", "", os.readlink("/proc/self/ns/pid"))
    except OSError:
        space = "0"
    return f"{os.uname().nodename[:64]}.{space}"


def is_left(path: pathlib.Path, prefix: str) -> bool:
    """Return whether the process that made a temporary file or folder has ended.

    Args:
        path: named PREFIX, `owner()`, "-", and whatever follows.
        prefix: of the name.

    Returns:
        True where that process of this machine is gone; of names without an owner and of other
        machines' whether nothing changed for an hour.
    """
    found = _OWNER.match(path.name.removeprefix(prefix))
    if found and found[1] == _machine():
        started = _started(int(found[2]))
        known = started and found[3] != "0"
        return started is None or bool(known and found[3] != str(started))
    try:
        return _last_change(path) < time.time() - UNKNOWN_S
    except OSError:  # another process removes it
        return False


def remove_left(folder: pathlib.Path, prefix: str, suffix: str = "") -> None:
    """Remove the temporary files and folders of processes that have ended.

    Args:
        folder: that holds them.
        prefix: of their names, before `owner()`.
        suffix: of their names.
    """
    try:
        names = os.listdir(folder)  # `Path.glob` would compile a pattern at each write
    except OSError:  # whoever writes there says what is wrong
        return
    found = [name for name in names if name.startswith(prefix) and name.endswith(suffix)]
    with contextlib.suppress(FileNotFoundError):
        for path in (folder / name for name in found if len(name) >= len(prefix + suffix)):
            _remove_if_left(path, prefix)


def _remove_if_left(path: pathlib.Path, prefix: str) -> None:
    if is_left(path, prefix):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _started(pid: int) -> int | None:
    """Return when a process of this machine was started, in ticks; 0 unknown, None: not running."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except (PermissionError, OverflowError):
        pass
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text.rpartition(")")[2].split()  # the name before it may hold spaces
        return None if fields[0] in ("Z", "X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        return 0


def _last_change(path: pathlib.Path) -> float:
    times = [path.lstat().st_mtime]
    if path.is_dir():
        times += [inside.lstat().st_mtime for inside in path.iterdir()]
    return max(times)
