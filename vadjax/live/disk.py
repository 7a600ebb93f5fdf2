"""Whether there is room for clips and pictures: events go on without them."""

import shutil
import time
from pathlib import Path

RESERVE = 200 << 20  # bytes that are left to the events
_EVERY_S = 5.0


class Disk:
    """Looks at the disk of a folder now and then.

    Args:
        folder: of the watch.
        reserve: bytes that pictures and clips leave free.
    """

    def __init__(self, folder: Path, reserve: int = RESERVE):
        self._folder, self._reserve = folder, reserve
        self._looked, self._room = -_EVERY_S, True

    @property
    def has_room(self) -> bool:
        """Whether pictures and clips may be written."""
        now = time.monotonic()
        if now - self._looked >= _EVERY_S:
            self._looked = now
            try:
                self._room = shutil.disk_usage(self._folder).free > self._reserve
            except OSError:
                self._room = False
        return self._room
