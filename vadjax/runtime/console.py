"""Console output of a run: steps, progress bars with rate and time left, tables."""

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Protocol


class Advance(Protocol):
    """Updates a progress bar: how many are done, and a note beside it."""

    def __call__(self, done: int, note: str = "") -> None: ...


class Console:
    """Steps and progress bars on a terminal; plain lines elsewhere.

    Args:
      quiet: print nothing (tests, notebooks).
    """

    def __init__(self, *, quiet: bool = False):
        from rich.console import Console as Rich

        self.rich = Rich(quiet=quiet, highlight=False, soft_wrap=True)
        # Log records of vadjax ("drawing 36 clips") are printed; those of other libraries are not.
        own = logging.getLogger("vadjax")
        own.handlers, own.propagate = [_Notes(self)], False
        own.setLevel(logging.INFO)
        logging.getLogger("jax").setLevel(logging.ERROR)
        logging.getLogger("matplotlib").setLevel(logging.ERROR)

    def say(self, text: str) -> None:
        """Print one line as it is."""
        self.rich.print(text, markup=False)

    def show(self, renderable) -> None:
        """Print a table or another renderable of rich."""
        self.rich.print(renderable)

    @contextlib.contextmanager
    def bar(self, text: str, *, total: int, unit: str) -> Iterator[Advance]:
        """Show progress: a bar on a terminal, elsewhere a line every ten seconds.

        Args:
            text: what is being done.
            total: number of units.
            unit: their name, in the plural.

        Yields:
            A function that is called with the number of units done so far.
        """
        begun: list[tuple[int, float]] = []
        if not self.rich.is_terminal:
            last = [time.monotonic()]

            def line(done: int, note: str = "") -> None:
                now = time.monotonic()
                begun[:] = begun or [(done, now)]  # a resumed run does not begin at 0
                if now - last[0] >= 10:
                    last[0] = now
                    rate = (done - begun[0][0]) / max(now - begun[0][1], 1e-6)
                    pace = ""  # the first call has no rate
                    if rate:
                        pace = f", {rate:.1f} {unit}/s, {(total - done) / rate:.0f} s left"
                    self.say(f"  {done}/{total} {unit}{pace} {note}".rstrip())

            yield line
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Left

        columns = [TextColumn("  " + text), BarColumn(), MofNCompleteColumn()]
        columns += [TextColumn("{task.fields[rate]}"), Left(), TextColumn("{task.fields[note]}")]
        with Progress(*columns, console=self.rich, transient=True) as progress:
            task = progress.add_task(text, total=total, rate="", note="")

            def advance(done: int, note: str = "") -> None:
                begun[:] = begun or [(done, time.monotonic())]
                seconds = max(time.monotonic() - begun[0][1], 1e-6)
                rate = (done - begun[0][0]) / seconds
                pace = f"{rate:.1f} {unit}/s" if rate else ""
                progress.update(task, completed=done, rate=pace, note=note)

            yield advance


class _Notes(logging.Handler):
    """Prints log records as lines of the console."""

    def __init__(self, console: Console):
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        self.console.say(f"  {record.getMessage()}")
