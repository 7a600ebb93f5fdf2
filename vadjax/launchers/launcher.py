"""The contract of a launcher."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from vadjax.runtime.console import Console


class Launcher(Protocol):
    """Executes jobs in other processes, and those of lost workers again.

    A job may therefore be begun twice: what it calls has to skip what is done already.
    """

    def start(self, console: Console) -> int:
        """Connect to the machines; return how many parts work is worth dividing into at least.

        Raises:
            UserError: there are none.
        """
        ...

    def run(
        self,
        work: Callable[..., Any],
        jobs: Sequence[tuple],
        *,
        on_done: Callable[[int, Any], None] = lambda number, outcome: None,
    ) -> None:
        """Execute jobs, and wait for all of them.

        Args:
            work: called in another process with the arguments of a job.
            jobs: the arguments of each.
            on_done: called here with (number of the job, what it returned or the exception that it
                ended with), as each job ends.
        """
        ...
