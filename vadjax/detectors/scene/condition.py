"""Whether what a camera shows is still the scene that was learnt, as its frames come.

The same signs as for clips (`doubts`, `moved`), each of which has to last: people who fill the
picture for a moment, or a cloud, are not another scene.
"""

import numpy as np

from vadjax.detectors.scene.doubts import DIFFERENT, NIGHT
from vadjax.detectors.scene.moved import MORE, STANDING, STANDS_S
from vadjax.detectors.scene.usual import share_above
from vadjax.features.scene.meter import CHANNELS

DIFFERENT_S = 5.0  # that most of the picture has to differ
STANDING_S = 60.0  # that what stands has to stand: a lorry drives off before
AGAIN_S = 5.0  # that the signs have to be gone
_SHARE, _STILL, _LIGHT = (CHANNELS.index(name) for name in ("share", "still_s", "light"))
_LEARN = "learn it again"


class Condition:
    """Takes the cells of each frame of one camera.

    Args:
        counts: int [bins, h, w] of standing still in training, where known; see `usual.Counts`.
        fps: frames a second.
    """

    def __init__(self, counts: np.ndarray | None, fps: float):
        usual = 0.0 if counts is None else share_above(counts, STANDS_S)
        self._standing, self._step_s = max(STANDING, MORE * usual), 1 / fps
        self._lasted = {"different": 0.0, "standing": 0.0}
        self._quiet_s = 0.0
        self.sentence = ""  # what is wrong now; "" while nothing is

    def update(self, cells: np.ndarray) -> None:
        """Take the next frame.

        Args:
            cells: float [h, w, c], `features.scene.meter.CHANNELS`.
        """
        share = float(cells[..., _SHARE].mean())
        light = float(cells[0, 0, _LIGHT])
        stands = float((cells[..., _STILL] >= STANDS_S).mean())
        signs = {"different": share >= DIFFERENT, "standing": stands >= self._standing}
        for name, seen in signs.items():
            self._lasted[name] = self._lasted[name] + self._step_s if seen else 0.0
        self._quiet_s = 0.0 if any(signs.values()) else self._quiet_s + self._step_s
        if self._lasted["different"] >= DIFFERENT_S:
            dark = ", and it is dark" if light < NIGHT else ""
            self.sentence = (
                f"{share:.0%} of the picture differ from the background that was learnt{dark}: the "
                f"camera was moved or covered, or shows another scene; {_LEARN}"
            )
        elif self._lasted["standing"] >= STANDING_S:
            self.sentence = (
                f"{stands:.0%} of the picture differ from the background that was learnt and do "
                f"not move: the camera was moved a little, or something large stands there; "
                f"{_LEARN}"
            )
        elif self._quiet_s >= AGAIN_S:
            self.sentence = ""
