"""What a detector may do beyond its contract: doubt a clip, explain an alarm, show the normal."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.scored_video import Finding, ScoredVideo
from vadjax.detectors.contract import Progress, State
from vadjax.detectors.normal_scene import NormalScene

Kept = Callable[[int, np.ndarray], np.ndarray]  # (row, its map [h, w]) -> what counts of it


@runtime_checkable
class Doubter(Protocol):
    """A detector that can say that a clip is not of what it has learnt."""

    def doubt(self, state: State, clip: Clip) -> str:
        """Say why the scores of a clip should not be trusted.

        Args:
            state: what `fit` returned.
            clip: that is scored.

        Returns:
            A sentence without the clip's name; "" where there is no doubt.
        """
        ...


@runtime_checkable
class Adder(Protocol):
    """A detector that can learn further normal clips without those of before."""

    def add(
        self, state: State, clips: Sequence[Clip], *, progress: Progress
    ) -> tuple[State, list[ScoredVideo]]:
        """Score clips by the detector as it is, which has not seen them, then learn them.

        Args:
            state: what `fit` or this has returned; it is not changed.
            clips: normal ones.
            progress: where progress is reported.

        Returns:
            The state, a dict, and the held-out scores of each clip.

        Raises:
            UserError: the state does not hold what clips are added to.
        """
        ...


@runtime_checkable
class Adapter(Protocol):
    """A detector whose score of a frame may hang on other frames of its test video."""

    def adapts(self) -> list[str]:
        """Return what of the test it is fitted to, in sentences; none where it is not."""
        ...


@runtime_checkable
class Cautious(Protocol):
    """A detector that can say what its training lacked."""

    def cautions(self, state: State) -> list[str]:
        """Say what a reader of its figures has to know of the training.

        Args:
            state: what `fit` returned.

        Returns:
            Sentences without a full stop; none where nothing was lacking.
        """
        ...


@runtime_checkable
class Explainer(Protocol):
    """A detector that can say in words what it saw."""

    def explain(
        self, state: State, clip: Clip, frames: Sequence[int], *, kept: Kept | None = None
    ) -> list[Finding]:
        """Say what was most unusual in some frames.

        Args:
            state: what `fit` returned.
            clip: that was scored.
            frames: numbers of rows, ascending.
            kept: what counts of the map of a row; None: all.

        Returns:
            A finding for each frame.
        """
        ...


@runtime_checkable
class Finds(Protocol):
    """A stream that can say in words what it saw in its last frame."""

    def finding(self, kept: Kept | None = None) -> Finding | None:
        """Say what was most unusual in the last frame; None where nothing can be said.

        Args:
            kept: what counts of the map of the frame; None: all.
        """
        ...


@runtime_checkable
class Notices(Protocol):
    """A stream that notices when its frames are no longer of what the detector has learnt."""

    def changed(self) -> str:
        """Say so in a sentence; "" while they are."""
        ...


@runtime_checkable
class Accepts(Protocol):
    """A stream that takes to heart what a person calls normal."""

    def seen(self, at: float, level: float) -> dict[str, np.ndarray]:
        """Return what made the last frame's score high.

        Args:
            at: time of the frame in seconds.
            level: from which on the map is high.

        Returns:
            Arrays with a row for each thing that was seen.
        """
        ...

    def accept(
        self,
        events: Sequence[dict[str, np.ndarray]],
        level: float,
        *,
        never: Sequence[dict[str, np.ndarray]] = (),
    ) -> None:
        """Let what was seen in these events, and what is like it, count for nothing from now on.

        Args:
            events: of each event the arrays of `seen`, of its frames one behind the other; those
                of before are replaced.
            level: of the map, from which on something is seen.
            never: the same of events whose like always counts, whatever else it is like.
        """
        ...


@runtime_checkable
class Illustrator(Protocol):
    """A detector that keeps pictures of what is normal."""

    def illustrate(self, state: State, train: Sequence[Clip]) -> State:
        """Add pictures to the state; called once, for the detector that a run leaves.

        Args:
            state: what `fit` returned.
            train: the clips that it was fitted on.

        Returns:
            The state with the pictures.
        """
        ...


@runtime_checkable
class Depicter(Protocol):
    """A detector of a fixed camera that can say what is normal at each place."""

    def normal_scene(self, state: State) -> NormalScene | None:
        """Return what is normal; None where the state does not hold it.

        Args:
            state: what `fit` returned.
        """
        ...
