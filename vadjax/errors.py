"""Errors that the user can correct: one clear message, no traceback.

The only module of vadjax that every layer may import.
"""

import difflib
import errno
import os
from collections.abc import Iterable


class UserError(ValueError):
    """What the user can correct: says what was got, what was wanted, where, and what to do."""


def unknown(kind: str, name: object, choices: Iterable[str]) -> UserError:
    """Build the error for a name that is none of `choices`, with the closest one.

    Args:
        kind: of thing that has the name, for the message.
        name: what was given.
        choices: the valid names.

    Returns:
        An error to raise.

    >>> str(unknown("protocol", "one_clas", ["by_video", "one_class"]))
    "protocol 'one_clas' unknown; choose one of by_video, one_class. Did you mean 'one_class'?"
    """
    choices, name = sorted(choices), str(name)[:80]
    many = len(choices) > 20  # nobody reads on to the end
    close = difflib.get_close_matches(str(name), choices, n=3 if many else 1)
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    if close and many:
        return UserError(f"{kind} {str(name)!r} unknown.{hint} There are {len(choices)}.")
    return UserError(f"{kind} {str(name)!r} unknown; choose one of {', '.join(choices)}.{hint}")


def lost(what: str, *, who: str = "another process") -> UserError:
    """Build the error of a process that has lost another one of its run.

    Args:
        what: what was being done.
        who: which process is lost.

    Returns:
        An error to raise.
    """
    return UserError(
        f"{who} of this run was lost while {what}, so this one ends too. Start all "
        "processes again: the same command goes on from the last checkpoint."
    )


_MENDS = {  # of the errors of the system, what the user can do
    errno.ENOSPC: "the disk is full; free space and run again",
    errno.EDQUOT: "your quota of disk space is used up; free space and run again",
    errno.EROFS: "this place is read-only; choose another folder",
    errno.EACCES: "you have no permission; choose another folder, or change its rights",
    errno.EPERM: "you have no permission; choose another folder, or change its rights",
    errno.EMFILE: "too many files are open; raise the limit with `ulimit -n 4096` and run again",
    errno.ENFILE: "the whole machine has too many files open; close programs and run again",
    errno.EIO: "the disk or its connection fails; check it (dmesg) and run again",
    errno.ENAMETOOLONG: "the name is too long for this file system; give a shorter one",
    errno.ELOOP: "links point at one another in a circle; remove one of them",
    errno.ENOENT: "there is no such file or folder (any more); check the path",
    errno.ENOTDIR: "a part of the path is a file, not a folder; check the path",
    errno.EISDIR: "this is a folder where a file is wanted; check the path",
    errno.EEXIST: "something of this name is there already; give another name",
    errno.ENOMEM: "the memory is used up; close other programs, or lower the batch sizes",
    errno.EFBIG: "the file would be larger than this file system allows; choose another folder",
    errno.ESTALE: "the network folder was lost; mount it again and run again",
    errno.ENXIO: "there is no such device",
    errno.ENODEV: "there is no such device",
    errno.EBUSY: "another program holds it; close that and run again",
    errno.ETIMEDOUT: "the connection timed out; check the network folder and run again",
    errno.ENOTCONN: "the network folder is not connected; mount it again and run again",
    errno.EHOSTDOWN: "the network folder is not connected; mount it again and run again",
    errno.EINVAL: "the system refuses it; check the path",
    errno.EAGAIN: "the system has no more processes or threads for you; close programs, run again",
}


def system_message(error: OSError, *, where: object = None) -> str | None:
    """Return what to say of an error of the system: where, what, and how to mend it.

    >>> system_message(OSError(errno.ENOSPC, "No space left on device", "/data/x"))
    '/data/x: the disk is full; free space and run again.'

    Args:
        error: what the system said.
        where: the file, where the error does not name it.

    Returns:
        One sentence; None where the error has no number, and so is none of the system's.
    """
    if error.errno is None:
        return None
    place = error.filename if error.filename is not None else where
    reason = _MENDS.get(error.errno, f"{os.strerror(error.errno)}; solve it and run again")
    if place is None:
        return f"{reason[0].upper()}{reason[1:]}."
    return f"{os.fsdecode(place) if isinstance(place, bytes) else place}: {reason}."
