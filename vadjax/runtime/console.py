"""Console output of a run: steps, progress with rate and time left, tables; and its log file."""

import contextlib
import io
import logging
import pathlib
import time
import traceback
import warnings
from collections.abc import Iterator
from typing import Protocol

from vadjax.errors import UserError
from vadjax.runtime.activity import Activities, Activity
from vadjax.runtime.pace import Pace
from vadjax.runtime.run_log import RunLog


class Advance(Protocol):
    """Updates a progress bar: how many are done, and a note beside it."""

    def __call__(self, done: int, note: str = "") -> None: ...


class Console:
    """Steps and progress: a live line on a terminal, plain lines elsewhere.

    Args:
      quiet: print nothing (tests, notebooks, `--quiet`); the log file is written all the same.
      verbose: print details too, and the time before each line.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False):
        from rich.console import Console as Rich

        self.rich = Rich(quiet=quiet, highlight=False, soft_wrap=True)
        self._verbose, self._log = verbose, RunLog()
        self._activities = Activities(self.rich, self._line)

    def say(self, text: str) -> None:
        """Print one line as it is."""
        self._log.write(text)
        self._line(text)

    def detail(self, text: str) -> None:
        """Print one line with `verbose` alone; it is in the log file in any case."""
        if self._verbose:
            self.say(text)
        else:
            self._log.write(text)

    def show(self, renderable) -> None:
        """Print a table or another renderable of rich."""
        from rich.console import Console as Rich

        copy = Rich(file=io.StringIO(), width=100)
        copy.print(renderable)
        self._log.write(copy.file.getvalue())  # type: ignore[attr-defined]
        self.rich.print(renderable)
        self._activities.heard()

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Print log records of vadjax ("drawing 36 clips") while the block runs.

        Those of other libraries are not printed. The log file ends with how the block ended.
        """
        own = logging.getLogger("vadjax")
        before = own.handlers, own.propagate, own.level
        own.handlers, own.propagate = [_Notes(self)], False
        own.setLevel(logging.DEBUG if self._verbose else logging.INFO)
        logging.getLogger("jax").setLevel(logging.ERROR)
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
        # A name in a script that the font lacks has boxes in figures, and its letters on the page.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        try:
            yield
            self._log.write("ended")
        except BaseException as error:
            known = isinstance(error, (UserError, KeyboardInterrupt, SystemExit))
            self._log.write(f"ended: {str(error) or type(error).__name__}")
            self._log.write("" if known else traceback.format_exc())
            raise
        finally:
            own.handlers, own.propagate = before[:2]
            own.setLevel(before[2])
            self._log.close()

    def log_to(self, path: pathlib.Path, *, command: str = "") -> None:
        """Append what was said in this block of `attached`, and what will be, to a file.

        Args:
          path: of the file.
          command: that was started, for the first line.
        """
        self._log.open(path)
        if command:
            self._log.write(f"started as: {command}")

    @contextlib.contextmanager
    def doing(self, text: str) -> Iterator[None]:
        """Show that something is going on that is not counted.

        Args:
            text: what, for instance "measuring the maps".

        Yields:
            Nothing.
        """
        with self._activities.begun(Activity(text)):
            yield

    @contextlib.contextmanager
    def bar(self, text: str, *, total: int, unit: str) -> Iterator[Advance]:
        """Show progress: a bar on a terminal, elsewhere lines, at first every five seconds.

        Args:
            text: what is being done.
            total: number of units.
            unit: their name, in the plural.

        Yields:
            A function that is called with the number of units done so far.
        """
        activity = Activity(text, Pace(total, unit))
        with self._activities.begun(activity):
            yield activity.advance

    def _line(self, text: str) -> None:
        """Print a line that the log file does not get."""
        now = time.strftime("%H:%M:%S ") if self._verbose else ""
        self.rich.print(now + text, markup=False)
        self._activities.heard()


class _Notes(logging.Handler):
    """Prints log records as lines of the console."""

    def __init__(self, console: Console):
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        self.console.say(f"  {record.getMessage()}")
