"""Looks at some frames of training and test clips, and tells their groups apart by that alone."""

import functools
from collections.abc import Sequence

import numpy as np

from vadjax.data.frames.look import hour_of, look_of
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.evaluation.scene_bias import told_apart
from vadjax.pipeline.memory import Memory
from vadjax.pipeline.run import Run

CLIPS = 50  # of each side, evenly spaced
FRAMES = 4  # of each part of a clip, evenly spaced
PARTS = ("test_from_training", "abnormal_from_normal")


def scene_bias(
    train: Sequence[Video],
    test: Sequence[Video],
    *,
    seed: int = 0,
    memory: Memory | None = None,
) -> tuple[dict, dict[str, str]]:
    """Tell normal test clips from training clips, and abnormal from normal ones, by their looks.

    A test clip that has both counts as two clips, its normal and its abnormal frames.

    Args:
        train: clips; frames that are known to be abnormal are left out.
        test: clips; those without labels count as normal.
        seed: of the permutations.
        memory: keeps what clips look like, for splits that have them in common.

    Returns:
        `PARTS`, each as `told_apart` returns it, and the reason for each that is None.
    """
    seen = memory or Memory()

    def looks(videos: Sequence[Video], label: int) -> list[dict]:
        return [
            seen.once(("looks", v.id, label), functools.partial(_looks, v, label))
            for v in _some(videos)
        ]

    learnt, normal, abnormal = looks(train, 0), looks(test, 0), looks(test, 1)
    known = [each for each in normal if each]
    result, reasons = {}, {}
    for name, group, other in (
        (PARTS[0], known, [each for each in learnt if each]),
        (PARTS[1], [each for each in abnormal if each], known),
    ):
        result[name], why = told_apart(group, other, seed=seed)
        if why:
            reasons[f"scene_bias.{name}"] = why
    return result, reasons


def scene_bias_of(run: Run) -> tuple[dict | None, dict[str, str]]:
    """Return the part `scene_bias` of metrics.json, of the clips of the first fold.

    Args:
        run: of any data set.
    """
    if not run.pictures:
        return None, {"scene_bias": "the features are given: there are no pictures"}
    if run.protocol.unit != "video":
        return None, {"scene_bias": "windows of one clip lie on both sides of the split"}
    fold = run.folds[0]
    tested = frozenset(segment.video_id for segment in fold.test.segments)
    learnt = frozenset(segment.video_id for segment in fold.train.segments) - tested

    def found() -> tuple[dict, dict[str, str]]:
        sides = ([v for name, v in run.videos.items() if name in ids] for ids in (learnt, tested))
        return scene_bias(*sides, memory=run.memory)

    return run.memory.once(("scene_bias", learnt, tested), found)  # frames are decoded for it


def _some(videos: Sequence[Video]) -> list[Video]:
    """Return at most `CLIPS` clips, evenly spaced; altered copies are none of the data set's."""
    own = [video for video in videos if "source_id" not in video.metadata]
    if not own:
        return []
    return [
        own[i] for i in np.unique(np.linspace(0, len(own) - 1, min(CLIPS, len(own))).astype(int))
    ]


def _looks(video: Video, label: int) -> dict[str, float | None]:
    """Return the mean looks of some frames of a label; {} where the clip has none."""
    labels = np.zeros(len(video.frames), int) if video.labels is None else video.labels
    rows = np.flatnonzero(np.asarray(labels) == label)
    if not len(rows):
        return {}
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(FRAMES, len(rows))).astype(int))]
    try:
        seen = [look_of(video.frames[int(row)]) for row in rows]
    except UserError:  # its files are no longer there
        return {}
    mean: dict[str, float | None] = {
        name: float(np.mean([one[name] for one in seen])) for name in seen[0]
    }
    return {**mean, "hour": hour_of(video.id)}
