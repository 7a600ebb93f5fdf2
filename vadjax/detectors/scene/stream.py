"""The detector `scene` on one video as its frames come."""

from typing import Any

import numpy as np

from vadjax.data.scored_video import Finding
from vadjax.detectors.abilities import Kept
from vadjax.detectors.contract import FrameScore, State
from vadjax.detectors.scene.bodies import BodyReader
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
        self._condition.update(bodies.cells)
        self._count += 1
        if self._count == 1:
            return [FrameScore(0, time, None)]
        return [FrameScore(found.index, time, found.score, found.map, found.parts)]

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
