"""Crowding by place: how many are around, relative to the most that were seen there."""

from vadjax.detectors.scene.cue import Moving, Saying, in_words
from vadjax.detectors.scene.cues.covered import Covered, CoveredCue

UNIT = "bodies around"


class _Crowds(Covered):
    side = 5.0

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        value, limit = self.numbers(cell, value)
        seen, most = in_words(value, limit)
        text = (
            f"as much as {seen} bodies move or stand within two and a half body heights; nearly "
            f"always (99.9 %) it was less than {most} here"
        )
        return Saying(text, value, limit, UNIT)


class Crowding(CoveredCue):
    """Foreground in a square of five bodies, over the usual maximum: gatherings.

    With `mulde`: how rare it is at its place.
    """

    name = "crowding"
    follow = _Crowds
