"""Scores of one detector scene by every set of its cues: of stored rows, and of a video."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from vadjax.data.clip import Clip
from vadjax.data.video import Video
from vadjax.detectors.scene.bodies import BodyReader
from vadjax.detectors.scene.cues import BY_WEIGHTS, inputs_of
from vadjax.detectors.scene.follower import camera_of
from vadjax.detectors.scene.subsets import SubsetScores
from vadjax.features.scene.extract import measured_rows
from vadjax.features.scene.meter import SceneMeter
from vadjax.features.scene.seen_objects import ObjectMeter
from vadjax.pipeline.run import Run


def score_rows(clip: Clip, state: Any, fps: float, sets: Sequence) -> np.ndarray:
    """Score the stored rows of a clip.

    Args:
        clip: a segment.
        state: what `Scene.fit` returned.
        fps: frames a second of a video that does not say its own.
        sets: of cues.

    Returns:
        float32 [t - 1, sets]; the first frame has no flow.
    """
    rows = zip(*(clip.rows(name) for name in inputs_of(state["cues"])), strict=True)
    return _scores(rows, state, clip.videos[0].fps or fps, sets)


def score_video(run: Run, video: Video, state: Any, sets: Sequence) -> np.ndarray:
    """Measure and score a video.

    Args:
        run: of detector scene.
        video: with a frame rate.
        state: what `Scene.fit` returned.
        sets: of cues.

    Returns:
        float32 [t - 1, sets]; the first frame has no flow.
    """
    assert video.fps is not None  # `make_clip` gives one
    meter, seen = SceneMeter(run.reference, video.fps), None
    if BY_WEIGHTS in state["cues"]:
        seen = ObjectMeter(run.frontend.objects, run.reference, video.fps)
    measured = measured_rows(video.frames, meter=meter, looks=run.frontend.looks, objects=seen)
    rows = (row for inputs in measured for row in zip(*inputs, strict=True))
    return _scores(rows, state, video.fps, sets)


def _scores(rows: Any, state: Any, fps: float, sets: Sequence) -> np.ndarray:
    camera = camera_of(state, fps)
    reader, scorer = BodyReader(camera.reference, fps), SubsetScores(state, camera, sets)
    with threadpool_limits(1, "blas"):
        return np.stack([scorer.update(reader.update(*row)) for row in rows])[1:]
