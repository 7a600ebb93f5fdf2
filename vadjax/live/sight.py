"""Whether a camera sees anything: covered, blinded, out of focus, frozen; by its pictures alone."""

import hashlib
import statistics

import cv2
import numpy as np

EVERY_S = 1.0  # from one look to the next
FLAT = 6.0  # deviation of grey levels below which a picture shows nothing
BLURRED = 0.25  # of the usual sharpness
_SIZE = 160, 120  # at which it is looked at
_HOLD_S = {"flat": 5.0, "blurred": 30.0, "frozen": 60.0}
_LEARN_LOOKS, _KEPT = 60, 600  # looks after which sharpness is known; that are kept of it


class Sight:
    """Looks at the pictures of one source now and then."""

    def __init__(self) -> None:
        self._next, self._last_hash = -np.inf, b""
        self._since: dict[str, float] = {}
        self._sharpness: list[float] = []
        self.sentence = ""  # what is wrong now; "" while nothing is

    def update(self, at: float, frame: np.ndarray) -> None:
        """Take a frame.

        Args:
            at: seconds, rising.
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
        """
        if at < self._next:
            return
        self._next = at + EVERY_S
        grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        hashed = hashlib.blake2b(grey.tobytes(), digest_size=8).digest()
        grey = cv2.resize(grey, _SIZE, interpolation=cv2.INTER_AREA)
        level, deviation = float(grey.mean()), float(grey.std())
        sharp = float(cv2.Laplacian(grey, cv2.CV_32F).std())
        usual = statistics.median(self._sharpness) if self._sharpness else 0.0
        known = len(self._sharpness) >= _LEARN_LOOKS
        signs = {
            "flat": deviation < FLAT,
            "blurred": known and sharp < BLURRED * usual,
            "frozen": hashed == self._last_hash,
        }
        self._last_hash = hashed
        for name, seen in signs.items():
            if not seen:
                self._since.pop(name, None)
            else:
                self._since.setdefault(name, at)
        held = [name for name, since in self._since.items() if at - since >= _HOLD_S[name]]
        if not any(signs.values()):
            self._sharpness = [*self._sharpness, sharp][-_KEPT:]
        self.sentence = self._words(held, level)

    def _words(self, held: list[str], level: float) -> str:
        if "flat" in held:
            what = "covered, or it is dark" if level < 100 else "blinded, or painted over"
            return f"the picture shows nothing: the camera is {what}"
        if "blurred" in held:
            return "the picture has become blurred: the camera is out of focus, wet or smeared"
        if "frozen" in held:
            return "the picture does not change at all any more: the camera hangs"
        return ""
