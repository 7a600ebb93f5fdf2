"""A launcher in this process, whose workers can be lost."""

from vadjax.errors import UserError


class Here:
    """Executes jobs one after the other.

    Args:
      workers: what `start` says.
      lost: numbers of jobs that end with an error, after `begun` has been called with their work.
    """

    def __init__(self, workers=1, lost=()):
        self.workers, self.lost, self.jobs = workers, lost, []

    def start(self, console):
        return self.workers

    def run(self, work, jobs, *, on_done=lambda number, outcome: None):
        self.jobs += jobs
        for number, job in enumerate(jobs):
            if number in self.lost:
                on_done(number, RuntimeError("long story\nthe node was lost"))
            else:
                on_done(number, work(*job))


class Fails(Here):
    """There are no machines."""

    def start(self, console):
        raise UserError("no machines")
