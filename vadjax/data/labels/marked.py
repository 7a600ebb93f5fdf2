"""What people have marked in other programs: stretches of videos, with what they called them."""

from typing import NamedTuple


class Mark(NamedTuple):
    """A stretch of a video that somebody has marked.

    Attributes:
        start: frame from 0, or seconds.
        stop: past the last frame, or seconds.
        kind: what it was called.
        in_seconds: whether the two are seconds.
    """

    start: float
    stop: float
    kind: str
    in_seconds: bool = False


LAST = 1e9  # no video has so many frames, or seconds


def checked(mark: Mark) -> Mark:
    """Return a mark that lies in a video.

    Raises:
        ValueError: it does not, or ends before it begins.
    """
    if not 0 <= mark.start < mark.stop < LAST:
        raise ValueError(f"a region from {mark.start} to {mark.stop}")
    return mark


Marked = dict[str, list[Mark]]  # name of a video's file -> its marks; none: it was looked through


def joined(marks: list[Mark]) -> list[Mark]:
    """Return the marks in order, those of one kind that touch or overlap as one.

    >>> joined([Mark(5, 9, "fall"), Mark(0, 6, "fall"), Mark(2, 3, "run")])
    [Mark(start=0, stop=9, kind='fall', in_seconds=False), \
Mark(start=2, stop=3, kind='run', in_seconds=False)]
    """
    found: list[Mark] = []
    for mark in sorted(marks, key=lambda one: (one.in_seconds, one.kind, one.start)):
        last = found[-1] if found else None
        alike = last is not None and last[2:] == mark[2:]
        if last is not None and alike and mark.start <= last.stop:
            found[-1] = last._replace(stop=max(last.stop, mark.stop))
        else:
            found.append(mark)
    return sorted(found, key=lambda one: (one.in_seconds, one.start, one.stop))
