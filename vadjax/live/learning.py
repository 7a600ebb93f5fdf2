"""Learning what is normal from the first hours of a source itself: films of what moves, then a fit.

Films are kept in stretches, spread over all hours: when there are too many, every second one goes
and only every second stretch is recorded from then on. What has been recorded stays through
restarts; at most the stretch that is being recorded is lost with a killed process.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vadjax.errors import UserError
from vadjax.live.blur import Blur
from vadjax.live.film import Film
from vadjax.live.inbox import Arrival, Report
from vadjax.live.status import Status
from vadjax.runtime import with_parent
from vadjax.storage.files import PREFIX, write_json
from vadjax.storage.json_file import read_object

MOST = 60  # films of one source
LONGEST_S = 60.0  # of one film
FEWEST = 12  # stretches that the time of learning is divided into, at least
MOVES = 12  # grey levels by which a pixel has changed
MOVING = 0.001  # share of such pixels, from which on something moves
STILL = 10  # of how many stretches in which nothing moves one is kept
AGAIN = 0.25  # share of the time that is learnt on, where the fit has failed
_LOOK_S = 0.5  # from one look at the fit to the next
_GAP_S = 2.0  # without a frame, that does not count as having been learnt from

# (films, workdir, set when it is to be given up) -> why it failed, or ""
Fit = Callable[[pathlib.Path, pathlib.Path, threading.Event], str]


class Learner:
    """Takes the frames of a source that is being learnt; see `watcher.Watching`.

    Args:
        source: its name.
        folder: of what it has learnt: `films/`, `learnt.json`, and `run/` in the end.
        learn_s: seconds to learn from.
        status: where it is said how far it is.
        fit: trains a detector on the films; see `fit_scene`.
        wait: for the fit, before the next frame: a file would have ended meanwhile.
        blur: of what is stored. What is learnt from blurred films has to be shown blurred frames,
            by the same object.

    Raises:
        UserError: what has been learnt so far was blurred otherwise.
    """

    def __init__(
        self,
        source: str,
        *,
        folder: pathlib.Path,
        learn_s: float,
        status: Status,
        fit: Fit | None = None,
        wait: bool = False,
        blur: Blur | None = None,
    ):
        self.source, self.folder, self.blur = source, folder, blur or Blur("")
        self._learn_s, self._status, self._fit = learn_s, status, fit or fit_scene
        self._stretch_s = min(LONGEST_S, learn_s / FEWEST)
        self._films = folder / "films"
        for left in self._films.glob(f"{PREFIX}*"):  # of a process that was killed
            left.unlink(missing_ok=True)
        known = _read(folder / "learnt.json")
        if known and known.get("blur", "") != self.blur.mode:
            raise UserError(
                f"{folder} was learnt with --blur={known.get('blur', '')}, and a detector reads "
                "frames as it has learnt them: give the same, or remove the folder to learn again."
            )
        self._seconds: float = known.get("seconds", 0.0)
        self._number: int = known.get("stretches", 0)
        self._every: int = known.get("every", 1)
        self._film: Film | None = None
        self._begun = self._last = -np.inf
        self._before: np.ndarray | None = None
        self._moved = False
        self._wait, self._stopped = wait, threading.Event()
        self._thread: threading.Thread | None = None
        self._result: str | None = None  # of the fit: "" is well, else why not
        self._say()

    @property
    def run(self) -> pathlib.Path | None:
        """The folder of the finished run; None while there is none."""
        done = (self.folder / "run" / "metrics.json").exists()
        busy = self._thread is not None and self._thread.is_alive()
        return self.folder / "run" if done and not busy else None

    def frame(self, arrival: Arrival) -> None:
        """Record the next frame."""
        if self._thread is not None or self._result == "":
            return
        gap = arrival.at - self._last
        if arrival.is_first or gap > _GAP_S or arrival.at - self._begun >= self._stretch_s:
            self._end_stretch()
            self._begun = arrival.at
        if 0 < gap <= _GAP_S:
            self._seconds += gap
        self._last = arrival.at
        stored = self.blur(arrival.frame)  # each frame: it follows what moves
        if not self._moved:
            self._moved = self._moves(arrival.frame)
        if self._number % self._every == 0:
            if self._film is None:
                self._film = Film(self._films / f"{self._number:06d}.mp4", arrival.fps)
            self._film.add(arrival.at, stored)
        if self._seconds >= self._learn_s:
            self._end_stretch()
            self._start_fit()

    def report(self, report: Report) -> None:
        """Say what happened to the source."""
        self._end_stretch()
        if report.what in ("lost", "refused", "ended"):
            message = f"{report.message}; {self._progress()}"
            self._status.set_state(self.source, report.what, message, learnt=self._share)

    def tick(self) -> None:
        """Look whether the fit has ended; where it failed, learn on."""
        if self._thread is None or self._thread.is_alive() or self._result is None:
            return
        self._thread = None
        if self._result:  # not well
            self._learn_s += AGAIN * self._learn_s
            self._say(f"{self._result}; ")

    def learn(self) -> None:
        """Do nothing: there are no events yet that somebody could have called normal."""

    def give_up(self) -> None:
        """Let a fit end soon; it is made again by the next watch. May be called by any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Keep what was recorded, and give up a fit that runs."""
        self._end_stretch()
        self.give_up()
        if self._thread is not None:
            self._thread.join()

    @property
    def _share(self) -> float:
        return min(1.0, self._seconds / self._learn_s)

    def _progress(self) -> str:
        if self._thread is not None:
            return "fitting the detector to what was learnt"
        return (
            f"learning what is normal: {self._share:.0%} of {self._learn_s / 3600:.3g} h, "
            f"{len(list(self._films.glob('[0-9]*.mp4')))} films"
        )

    def _say(self, before: str = "") -> None:
        self._status.set_state(
            self.source, "learning", before + self._progress(), learnt=self._share
        )

    def _moves(self, frame: np.ndarray) -> bool:
        grey = (frame if frame.ndim == 2 else frame[..., 1])[::2, ::2].astype(np.int16)
        before, self._before = self._before, grey
        if before is None or before.shape != grey.shape:
            return False
        return float((np.abs(grey - before) > MOVES).mean()) >= MOVING

    def _end_stretch(self) -> None:
        """Keep the film where something moved, and now and then where nothing did."""
        if not np.isfinite(self._begun) or self._last <= self._begun:
            return
        if self._film is not None:
            self._film.close(keep=self._moved or self._number % (STILL * self._every) == 0)
        self._film, self._moved, self._before = None, False, None
        self._number += 1
        self._begun = np.inf
        films = sorted(self._films.glob("[0-9]*.mp4"))
        if len(films) > MOST:
            for film in films[1::2]:
                film.unlink(missing_ok=True)
            self._every *= 2
        with contextlib.suppress(UserError):  # a full disk: what is in memory goes on
            write_json(
                self.folder / "learnt.json",
                {
                    "seconds": self._seconds,
                    "stretches": self._number,
                    "every": self._every,
                    "blur": self.blur.mode,
                },
            )
        self._say()

    def _start_fit(self) -> None:
        self._result = None

        def fit() -> None:
            self._result = self._fit(self._films, self.folder / "run", self._stopped)

        self._thread = threading.Thread(target=fit, name=f"fit {self.source}", daemon=True)
        self._thread.start()
        self._say()
        if self._wait:
            self._thread.join()
            self.tick()


def fit_scene(films: pathlib.Path, workdir: pathlib.Path, stopped: threading.Event) -> str:
    """Train detector scene on films, in a process of its own, whose memory is given back.

    It ends with this process, even when that is killed: it would hold the workdir otherwise.

    Args:
        films: folder of normal films.
        workdir: of the run.
        stopped: set when it is to be given up.

    Returns:
        Why it has failed; "" where it has not.
    """
    command = [sys.executable, "-m", "vadjax", "train", "folder_scene", "--quiet"]
    command += [f"--data_dir={films}", f"--workdir={workdir}"]
    with (
        tempfile.TemporaryFile("w+") as said,
        ending_with_us(command, stdout=said, stderr=said) as process,
    ):
        assert process.stdin is not None
        while process.poll() is None:
            if stopped.wait(_LOOK_S):
                process.stdin.close()
                process.wait()
        said.seek(0)
        lines = said.read().strip().splitlines()
    return "" if not process.returncode else (lines[-1] if lines else "the fit has failed")


def ending_with_us(command: Sequence[str], **streams: Any) -> subprocess.Popen:
    """Start a command that ends with this process, or when its `stdin` is closed.

    Args:
        command: with its arguments.
        streams: stdout and stderr, see `subprocess.Popen`.

    Returns:
        The process that waits for it; it has the status of the command.
    """
    guard = [sys.executable, "-I", "-S", os.fspath(with_parent.__file__)]
    return subprocess.Popen([*guard, *command], stdin=subprocess.PIPE, **streams)


def _read(path: pathlib.Path) -> dict[str, Any]:
    try:
        return read_object(path, mend="remove it to learn from the beginning.")
    except FileNotFoundError:
        return {}
