"""The detector `scene` on one video as its frames come."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from vadjax.data.scored_video import Finding
from vadjax.detectors.abilities import Kept
from vadjax.detectors.contract import FrameScore, State
from vadjax.detectors.scene.accepted import Accepted, Seen, responsible
from vadjax.detectors.scene.bodies import Bodies, BodyReader
from vadjax.detectors.scene.condition import Condition
from vadjax.detectors.scene.cues import BY_WEIGHTS
from vadjax.detectors.scene.follower import SceneFollower, camera_of
from vadjax.detectors.shared_reader import Read
from vadjax.features.scene.meter import SceneMeter
from vadjax.features.scene.rows import window_rows
from vadjax.features.scene.seen_objects import ObjectMeter


class SceneStream:
    """See `contract.Stream`; memory does not grow.

    Args:
        state: what `Scene.fit` returned.
        frontend: gives the network that embeds windows.
        fps: frames a second; None takes that of training.
    """

    def __init__(self, state: State, frontend: Any, fps: float | None = None):
        camera, objects = camera_of(state, fps), BY_WEIGHTS in state["cues"]
        reference, rate = camera.reference, camera.fps
        self._measure = frontend.shared(
            ("scene", reference.fingerprint, rate, objects),
            lambda: _measurer(frontend, reference, rate, objects=objects),
        )
        self._reader = BodyReader(reference, rate)
        self._follower = SceneFollower(state, camera)
        self._condition = Condition(state["cues"].get("still", {}).get("counts"), rate)
        self._count = 0
        self._look = state["cues"].get("look")
        self._accepted: Accepted | None = None
        self._bodies: Bodies | None = None  # of the last frame
        self._map: np.ndarray | None = None

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Score the next frame; the first has no score, as it has no flow.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            Its score.
        """
        bodies = self._reader.update(*self._measure(frame))
        found = self._follower.update(bodies)
        if self._accepted is not None and found.map is not None:
            left = self._accepted.left_of(bodies, found.map)
            found = dataclasses.replace(found, map=left, score=float(left.max()))
        self._bodies, self._map = bodies, found.map
        self._condition.update(bodies.cells)
        self._count += 1
        if self._count == 1:
            return [FrameScore(0, time, None)]
        return [FrameScore(found.index, time, found.score, found.map, found.parts)]

    def accept(
        self,
        events: Sequence[dict[str, np.ndarray]],
        level: float,
        *,
        never: Sequence[dict[str, np.ndarray]] = (),
    ) -> None:
        """Let what was seen in these events count for nothing; see `abilities.Accepts`.

        Args:
            events: what `seen` gave.
            level: of the map, from which on something is seen.
            never: what `seen` gave of events whose like always counts.
        """
        seen, matters = [Seen(**event) for event in events], [Seen(**event) for event in never]
        self._accepted = Accepted(seen, level, self._look, never=matters) if seen else None

    def seen(self, at: float, level: float) -> dict[str, np.ndarray]:
        """Return what made the last frame's score high; see `abilities.Accepts`.

        Args:
            at: time of the frame in seconds.
            level: from which on the map is high.

        Returns:
            Arrays.
        """
        assert self._bodies is not None and self._map is not None  # there was a frame
        return responsible(self._bodies, self._map, at, level).arrays()

    def finding(self, kept: Kept | None = None) -> Finding:
        """Say what the strongest cue saw in the last frame; see `abilities.Finds`."""
        return self._follower.finding(self._count - 1, kept)

    def changed(self) -> str:
        """Say that the camera no longer shows what was learnt; see `abilities.Notices`."""
        return self._condition.sentence

    def close(self) -> list[FrameScore]:
        """Return nothing: no frame waits."""
        return []


def _measurer(frontend: Any, reference: Any, fps: float, *, objects: bool) -> Read:
    """Return a function of a frame: its cells, windows and objects, see `BodyReader.update`."""
    looks, meter = frontend.looks, SceneMeter(reference, fps)
    seen = ObjectMeter(frontend.objects, reference, fps) if objects else None

    def measure(frame: np.ndarray) -> tuple:
        measured = meter.update(frame)
        windows = window_rows([measured], looks(measured.crops))[0]
        return measured.cells, windows, seen.update([frame])[0] if seen else None

    return measure
