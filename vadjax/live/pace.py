"""How many frames of a source are scored where the machine is too slow for all: evenly fewer.

A detector of motion takes each frame for the next one of the source; where some are dropped now and
then, what moves seems to move faster. So a source that keeps losing frames is read at a half, a
third and so on of its rate, and the detector is told that rate.
"""

LOOK_S = 10.0  # from one look to the next
MANY = 0.1  # share of frames dropped, from which on fewer are read
QUIET_S = 60.0  # without a drop, after which more are tried; doubled each time that was wrong
MOST = 25  # of how many frames at most one is read


class Pace:
    """Decides of how many frames of one source one is read.

    Args:
        now: monotonic seconds.
    """

    def __init__(self, now: float):
        self.step = 1
        self._looked = self._since = now
        self._frames = self._dropped = 0
        self._quiet_s = QUIET_S
        self._tried = False  # more frames, since the last change
        self._begun = False  # the detector's programs are compiled

    def update(self, now: float, *, frames: int, dropped: int) -> bool:
        """Take counts since the last call.

        Args:
            now: monotonic seconds.
            frames: that were scored.
            dropped: that were replaced by later ones before they were scored.

        Returns:
            Whether `step` has changed.
        """
        self._frames, self._dropped = self._frames + frames, self._dropped + dropped
        if now - self._looked < LOOK_S:
            return False
        share = self._dropped / max(self._frames + self._dropped, 1)
        if not self._begun:  # the first frames wait for programs to be compiled
            self._begun, share = self._frames > 0, 0.0
        self._looked, self._frames, self._dropped = now, 0, 0
        before = self.step
        if share > MANY:
            wanted = self.step / max(1 - share, 0.04)
            self.step = min(MOST, max(self.step + 1, round(wanted)))
            if self._tried:
                self._quiet_s *= 2
            self._tried, self._since = False, now
        elif share > 0:
            self._since = now
        elif self.step > 1 and now - self._since >= self._quiet_s:
            self.step, self._since, self._tried = self.step - 1, now, True
        return self.step != before
