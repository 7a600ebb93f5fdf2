"""Other processes that audit and evaluate runs whose scores are written.

Evaluation is half Python, at which the threads of a process take turns: however many cores there
are, one process completes some eight runs a second, and a GPU trains more. Each of these processes
computes on the CPU, opens the data set once, and ends with the process that started it.
"""

import contextlib
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
from typing import IO, NamedTuple

from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.runtime.devices import cores
from vadjax.sweeps.judge import judge

MOST = 16  # processes; each takes some 500 MB
LEAST_CORES = 8  # with fewer, training needs them
WORTH = 32  # runs; fewer are evaluated before the processes have opened the data set
IN_THREADS = 4  # runs at a time in this process; more would wait for one another


class _Process(NamedTuple):
    popen: subprocess.Popen
    questions: IO[str]
    answers: IO[str]


class Evaluators:
    """Evaluates runs in this process, and once `worth` runs were asked for in others.

    Args:
        count: other processes; None is one for each core beyond two where there are `LEAST_CORES`,
            at most `MOST`.
        worth: 0 is `WORTH`.
    """

    def __init__(self, count: int | None = None, *, worth: int = 0):
        own = min(cores() - 2, MOST) if cores() >= LEAST_CORES else 0
        self.count = own if count is None else count
        self._worth, self._asked, self._living = worth or WORTH, 0, 0
        self._lock, self._here = threading.Lock(), threading.Semaphore(IN_THREADS)
        self._started: list[_Process] = []
        self._idle: queue.SimpleQueue[_Process | None] = queue.SimpleQueue()

    def __enter__(self) -> "Evaluators":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            with contextlib.suppress(OSError):  # it is gone already
                process.questions.close()
        for process in self._started:
            process.answers.close()
            process.popen.wait()

    def __call__(self, run: Run) -> None:
        """Evaluate a run, see `judge.judge`; returns when it is done.

        Args:
            run: its scores are written.

        Raises:
            UserError: it cannot be evaluated.
        """
        self._begin()
        while self._living:
            process = self._idle.get()
            if process is None:
                self._idle.put(None)
                break
            answer = _ask(process, run)
            if answer is not None:
                self._idle.put(process)
                if answer["error"]:
                    raise UserError(answer["error"])
                return
            self._lose()
        with self._here:
            judge(run)

    def _begin(self) -> None:
        with self._lock:
            self._asked += 1
            if self._asked != self._worth:
                return
            for _ in range(self.count):
                self._started.append(_start())
                self._idle.put(self._started[-1])
            self._living = self.count

    def _lose(self) -> None:
        """Go on without a process that was killed, or that cannot open a run as this one can."""
        with self._lock:
            self._living -= 1
            if not self._living:
                self._idle.put(None)  # whoever waits for one evaluates here


def _start() -> _Process:
    folders = [str(pathlib.Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    popen = subprocess.Popen(
        [sys.executable, "-m", "vadjax.sweeps.evaluator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, folders)),
            "JAX_PLATFORMS": "cpu",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
    )
    assert popen.stdin is not None and popen.stdout is not None
    return _Process(popen, popen.stdin, popen.stdout)


def _ask(process: _Process, run: Run) -> dict | None:
    """Return what `evaluator.answer` returned in that process; None where it has none."""
    question = {
        "config": run.config.to_dict(),
        "workdir": str(run.workdir.absolute()),
        "environment": run.environment,
    }
    try:
        process.questions.write(json.dumps(question) + "\n")
        process.questions.flush()
        return json.loads(process.answers.readline())
    except (OSError, ValueError):
        return None
