"""Errors that the user can correct: one clear message, no traceback.

The only module of vadjax that every layer may import.
"""

import difflib
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
    choices = sorted(choices)
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
