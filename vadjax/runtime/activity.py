"""What is going on just now, so that nothing is silent for long.

On a terminal the innermost activity is a live line. Elsewhere a thread prints a line after some
seconds of silence, more and more rarely, whatever the main thread does.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from vadjax.runtime.pace import Pace, seconds, silence_s

if TYPE_CHECKING:
    from rich.console import Console as Rich

LOOK_S = 0.5  # between two looks at the clock


class Activity:
    """One thing that goes on.

    Args:
      text: what.
      pace: of what is counted; None where nothing is.
    """

    def __init__(self, text: str, pace: Pace | None = None):
        self.text, self.pace = text, pace
        self.done, self.note, self.begun = 0, "", time.monotonic()
        self.changed: Callable[[], None] = lambda: None
        self.task: Any = None  # of rich, where a terminal shows it

    def advance(self, done: int, note: str = "") -> None:
        """Set how many are done.

        Args:
          done: since the beginning, of a resumed run since its first beginning.
          note: put beside it.
        """
        assert self.pace is not None  # only what is counted advances
        self.pace.add(done)
        self.done, self.note = done, note
        self.changed()

    @property
    def facts(self) -> str:
        """Rate, time left and note."""
        return ", ".join(filter(None, [str(self.pace or ""), self.note]))

    def __str__(self) -> str:
        """Return the line of a log."""
        if self.pace is None:
            return f"{self.text}: {seconds(time.monotonic() - self.begun)} so far"
        count = f"{self.done}/{self.pace.total} {self.pace.unit}"
        if not self.done:
            return f"{count}: {seconds(time.monotonic() - self.begun)} so far"
        return ", ".join(filter(None, [count, self.facts]))


class Activities:
    """The activities that have begun and not ended; the innermost is shown.

    Args:
      rich: the console of rich.
      line: prints a line.
    """

    def __init__(self, rich: "Rich", line: Callable[[str], None]):
        self._rich, self._line = rich, line
        self._open: list[Activity] = []
        self._heard = time.monotonic()
        self._lock = threading.RLock()
        self._progress: Any = None  # of rich, while something is drawn

    def heard(self) -> None:
        """Note that something has just been printed."""
        self._heard = time.monotonic()

    @contextlib.contextmanager
    def begun(self, activity: Activity) -> Iterator[None]:
        """Show an activity while the block runs.

        Args:
          activity: a new one.

        Yields:
          Nothing.
        """
        with contextlib.ExitStack() as shown:
            if not self._open and not self._rich.quiet:
                self.heard()
                shown.enter_context(self._live() if self._rich.is_interactive else self._lines())
            with self._lock:
                self._open.append(activity)
                if self._progress:
                    total = activity.pace.total if activity.pace else None
                    activity.task = self._progress.add_task("", total=total, facts="")
            activity.changed = self._show
            self._show()
            try:
                yield
            finally:
                with self._lock:
                    self._open.remove(activity)
                    if self._progress:
                        self._progress.remove_task(activity.task)
                self._show()

    @contextlib.contextmanager
    def _live(self) -> Iterator[None]:
        """Draw the innermost activity on a terminal."""
        from rich import progress as parts

        columns = [
            parts.TextColumn("{task.description}", markup=False),
            parts.BarColumn(bar_width=30),
            parts.TextColumn("{task.fields[facts]}", markup=False),
            parts.TimeElapsedColumn(),
        ]
        options: dict[str, Any] = {"transient": True, "refresh_per_second": 4}
        with parts.Progress(*columns, console=self._rich, **options) as self._progress:
            try:
                yield
            finally:
                self._progress = None

    def _show(self) -> None:
        """Bring the live line up to date."""
        with self._lock:
            if self._progress is None:
                return
            for activity in self._open:
                name = f"  {activity.text}"
                if activity.pace:
                    name += f" {activity.done}/{activity.pace.total}"
                self._progress.update(
                    activity.task,
                    description=name,
                    completed=activity.done,
                    facts=activity.facts,
                    visible=activity is self._open[-1],
                )

    @contextlib.contextmanager
    def _lines(self) -> Iterator[None]:
        """Print a line whenever there has been silence for some time."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(LOOK_S):
                with self._lock:
                    inner = self._open[-1] if self._open else None
                if inner is None:
                    continue
                now = time.monotonic()
                if now - self._heard >= silence_s(now - self._open[0].begun):
                    try:
                        self._line(f"  {inner}")
                    except (OSError, ValueError, SystemExit):
                        return  # nobody reads any more; the main thread finds out by itself

        thread = threading.Thread(target=watch, daemon=True, name="vadjax-progress")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
