"""Standardised rows on the device, kept between detectors of one sweep."""

import threading
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

SHARED_BYTES = 1 << 27  # of standardised features that are kept between detectors
_KEPT = threading.Lock()  # of every `shared`: a sweep scores in several threads


def kept(
    shared: MutableMapping | None, key: Any, *, size: int, make: Callable[[], Iterable]
) -> Iterable:
    """Return what `make` returns, from `shared` where it was made before.

    Args:
        shared: key -> (value, its bytes), the oldest first; these are dropped for want of room.
            None keeps nothing.
        key: of the value.
        size: its bytes; what is larger than all the room is not kept.
        make: called where it is not there.

    Returns:
        The items that `make` gave.
    """
    if shared is None or size > SHARED_BYTES:
        return make()
    with _KEPT:
        if key not in shared:
            while shared and sum(each for _, each in shared.values()) + size > SHARED_BYTES:
                del shared[next(iter(shared))]
            shared[key] = list(make()), size
        return shared[key][0]
