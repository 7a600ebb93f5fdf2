"""One-way places, by tracks that are written down."""

import numpy as np
import pytest

from vadjax.pseudo.directions import goes_one_way
from vadjax.pseudo.tracks import Track


def track(start, step, number=20):
    feet = np.array(start, float) + np.arange(number)[:, None] * np.array(step, float)
    return Track("a", 10.0, feet, np.full(number, 20.0))


RIGHT = [track((10 + n, 50), (2, 0)) for n in range(5)]
LEFT = track((60, 52), (-2, 0))


@pytest.mark.parametrize(
    ("own", "others", "wanted"),
    [
        (RIGHT[0], RIGHT, True),
        (RIGHT[0], [*RIGHT, LEFT], False),
        (RIGHT[0], [*RIGHT, track((60, 90), (-2, 0))], True),  # elsewhere
        (RIGHT[0], [*RIGHT, track((40, 50), (0.1, 0))], True),  # stands
        (RIGHT[0], RIGHT[:2], False),  # too few to say
        (track((10, 50), (0.2, 0)), RIGHT, False),  # goes nowhere
        (track((10, 90), (2, 0)), RIGHT, False),  # where nobody else was
        (RIGHT[0], [RIGHT[0]], False),
    ],
)
def test_one_way(own, others, wanted):
    assert goes_one_way(own, others) is wanted
