"""Places where everybody goes one way."""

from collections.abc import Sequence

import numpy as np

from vadjax.pseudo.tracks import Track

_NEAR = (1.5, 0.75)  # heights of a body across and down, within which two pass the same place
_OTHERS = 3  # tracks that have passed a place, below which nothing is said of it
_AGAINST = 0.02  # share of them that may go against
_PLACES = 0.8  # share of a track's places
MOVES = 0.3  # heights of a body a second, from which on a body goes somewhere


def goes_one_way(track: Track, others: Sequence[Track]) -> bool:
    """Return whether nobody goes against a track where it passes.

    Args:
        track: that is asked for.
        others: tracks of the same camera; it may be among them.

    Returns:
        True where enough others have passed most of its places, and next to none the other way.
    """
    if np.hypot(*track.velocity) < MOVES:
        return False
    moving = [each for each in others if np.hypot(*each.velocity) >= MOVES and each is not track]
    if not moving:
        return False
    way = track.velocity / np.hypot(*track.velocity)
    along = np.array([each.velocity @ way / np.hypot(*each.velocity) for each in moving])
    feet = [each.path for each in moving]
    known = 0
    points = track.path[:: max(1, len(track) // 12)]
    reach = np.array(_NEAR) * float(np.median(track.height))
    for point in points:
        passes = np.array([(np.abs(path - point) < reach).all(1).any() for path in feet])
        against = passes & (along < -0.3)
        if against.sum() > _AGAINST * passes.sum():
            return False
        known += int(passes.sum() >= _OTHERS)
    return known >= _PLACES * len(points)
