"""Size by place: how much larger what moves is than what was seen there."""

from vadjax.detectors.scene.cue import Moving, Saying, in_words
from vadjax.detectors.scene.cues.covered import Covered, CoveredCue

UNIT = "bodies"


class _Sizes(Covered):
    side = 2.0

    def say(self, cell: tuple[int, int], value: float, moving: Moving | None) -> Saying:
        value, limit = self.numbers(cell, value)
        seen, most = in_words(value, limit)
        way = f" and moves {moving.way}" if moving is not None and moving.way else ""
        text = (
            f"covers as much as {seen} bodies{way}; nearly everything (99.9 %) that was seen at "
            f"this place covered less than {most}"
        )
        return Saying(text, value, limit, UNIT)


class Size(CoveredCue):
    """Foreground in a square of two bodies, over the usual maximum: vehicles, and what is carried.

    With `mulde`: how rare it is at its place.
    """

    name = "size"
    follow = _Sizes
