"""What is computed once for all runs that share it."""

import threading
from collections.abc import Callable, Hashable
from typing import Any


class Memory:
    """What is computed once and kept, whichever thread asks for it first."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what `make` returned when `key` was first asked for; others wait for it.

        Args:
            key: of the value.
            make: called once for each key.

        Returns:
            The value.
        """
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]
