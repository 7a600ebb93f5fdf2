"""Whether an event is of the kind of one that somebody has said matters."""

from collections.abc import Sequence

from vadjax.live.event import Event
from vadjax.live.pictures import Box


def like(event: Event, mattering: Sequence[Event]) -> str | None:
    """Return the id of the latest event that matters and that this one is like.

    It was found by the same cue at the same place: one box holds the middle of the other. Without
    boxes the cue alone tells, and without a cue the box alone.

    Args:
        event: at present.
        mattering: of the same source.

    Returns:
        Its id; None where there is none.
    """
    alike = [
        one
        for one in mattering
        if one.id != event.id and one.kind == event.kind and one.cue == event.cue
        if _same_place(event, one)
    ]
    return max(alike, key=lambda one: one.start).id if alike else None


def _same_place(one: Event, other: Event) -> bool:
    if one.box is None or other.box is None:
        return one.cue is not None
    return _holds(one.box, other.box) or _holds(other.box, one.box)


def _holds(box: Box, other: Box) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
