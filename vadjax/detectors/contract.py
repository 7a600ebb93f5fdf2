"""What every detector is: `fit`, `score` and `stream`.

Window models trained by gradient are one implementation; so are kNN, optical flow in a box and
scores that look at nothing. docs/adding_a_detector.md says how to write another.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.runtime.console import Console

State = Any  # nested dicts, lists and tuples of arrays and plain values: see storage/state.py


@dataclasses.dataclass(frozen=True)
class FrameScore:
    """What a stream gives for one frame.

    Attributes:
        index: number of the frame, from 0.
        time: its timestamp in seconds, or None.
        score: higher is more abnormal; None where the detector has none for this frame, which
            batch scoring fills from its nearest (the first frame of a detector of motion).
        map: float32 [h, w] in the unit of the score, or None.
        parts: name of a cue -> its score.
    """

    index: int
    time: float | None
    score: float | None
    map: np.ndarray | None = None
    parts: Mapping[str, float] = dataclasses.field(default_factory=dict)


class Stream(Protocol):
    """Scores one video frame by frame, in memory that does not grow."""

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Take the next frame.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            The scores that are final now: of this frame, or of the frame `delay` frames ago; none
            while the detector waits.
        """
        ...

    def close(self) -> list[FrameScore]:
        """Return the scores of the frames that waited for later ones."""
        ...


class Detector(Protocol):
    """A way to score the frames of a video.

    Attributes:
        name: as registered.
        inputs: what it reads of a clip (`Clip.rows`), for instance ("features", "motion") or
            ("tap:stage2", "tap:stage3"): `inputs.py` has the names.
        delay: frames after a frame that its score waits for: 0 is causal; None needs the whole
            video and cannot stream.
    """

    name: str
    inputs: tuple[str, ...]

    @property
    def delay(self) -> int | None: ...

    def fit(
        self,
        train: Sequence[Clip],
        validation: Sequence[Clip],
        *,
        seed: int,
        progress: "Progress",
    ) -> State:
        """Learn what is normal.

        Args:
            train: clips to learn from; every statistic comes from them alone.
            validation: other clips, for early stopping and choices.
            seed: of all random numbers.
            progress: where progress is reported, and checkpoints may be kept.

        Returns:
            A pytree of arrays and plain values, which `storage.state` writes without pickle.
        """
        ...

    def score_clips(self, state: State, clips: Sequence[Clip]) -> list[ScoredVideo]:
        """Score several clips; the same as `score` of each, faster.

        Args:
            state: what `fit` returned.
            clips: to score.

        Returns:
            A record for each clip, in order.
        """
        ...

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Score every unit of a clip.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, without threshold and alarms.
        """
        ...

    def stream(self, state: State) -> Stream:
        """Return an object that scores one video frame by frame.

        Its scores equal those of `score` within 1e-6 where the frame is `predicted` there.

        Raises:
            UserError: the detector needs the whole video.
        """
        ...

    def describe(self, state: State) -> dict[str, Any]:
        """Return facts for metrics.json, such as the number of parameters."""
        ...


@dataclasses.dataclass
class Progress:
    """Where a `fit` reports, and where it may keep checkpoints.

    Attributes:
        console: what a person sees.
        workdir: folder of the run, for checkpoints and logs; None where nothing is kept.
        name: of the fold, where a run has several; else "".
        label: put before messages, for instance "fold 2/4: ".
        timing: seconds by name, which the run adds to timing.json.
    """

    console: Console
    workdir: pathlib.Path | None = None
    name: str = ""
    label: str = ""
    timing: dict[str, float] = dataclasses.field(default_factory=dict)

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.say(f"  {self.label}{text}")

    def detail(self, text: str) -> None:
        """Print one line where details are asked for; the log file has it in any case."""
        self.console.detail(f"  {self.label}{text}")

    def add_time(self, **seconds: float) -> None:
        """Add to the seconds of each name."""
        for name, value in seconds.items():
            self.timing[name] = self.timing.get(name, 0.0) + value

    def compiling(
        self, what: str, *, cache_dir: str, key: str
    ) -> contextlib.AbstractContextManager:
        """Announce a compilation, with the time that it took before.

        Args:
            what: is compiled.
            cache_dir: folder in which such times are kept.
            key: of the program.

        Returns:
            A context in which it is compiled.
        """
        from vadjax.runtime.compiling import compiling  # JAX, which streams may do without

        what = f"{self.label}{what}"
        return compiling(self.console, what, cache_dir=cache_dir, key=key)

    @contextlib.contextmanager
    def bar(self, what: str, *, total: int) -> Iterator:
        """Show a progress bar.

        Args:
            what: is counted, for instance "epochs".
            total: of them.

        Yields:
            A function (done, note).
        """
        with self.console.bar(what, total=total, unit=what) as advance:
            yield advance


class ClipDetector:
    """Base of detectors that score each clip by itself and learn nothing; others override."""

    name = ""
    inputs: tuple[str, ...] = ()
    delay: int | None = 0

    def __init__(self, config: Any, frontend: Any = None):
        self.config, self.frontend = config, frontend

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Return the seed alone: there is nothing to learn. See `Detector.fit`.

        Args:
            train: not read.
            validation: not read.
            seed: kept in the state.
            progress: not used.

        Returns:
            {"seed": seed}.
        """
        return {"seed": seed}

    def score_clips(self, state: State, clips: Sequence[Clip]) -> list[ScoredVideo]:
        """Score one clip after another. See `Detector.score_clips`.

        Args:
            state: what `fit` returned.
            clips: to score.

        Returns:
            A record for each clip.
        """
        return [self.score(state, clip) for clip in clips]

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Score a clip; see `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record.
        """
        return self.score_clips(state, [clip])[0]

    def describe(self, state: State) -> dict[str, Any]:
        """Return no facts."""
        return {}
