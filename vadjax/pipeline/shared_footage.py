"""What the test clips of one home show that the training clips of another show too."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax.data.leakage.copy_search import Copy, find_copies
from vadjax.data.video import Video
from vadjax.pipeline.copy_pictures import copy_pictures
from vadjax.pipeline.trained import TrainedDetector


class SharedFootage(NamedTuple):
    """What the homes have in common.

    Attributes:
        listed: the copies as transfer.json has them, clips named "home: id"; None where it is not
            known of a clip what it shows.
        pictures: the first of them, with two `jpegs` each.
    """

    listed: list[dict[str, Any]] | None
    pictures: list[dict[str, Any]]


def copies_of(
    detectors: Mapping[str, TrainedDetector], tests: Mapping[str, Sequence[Video]]
) -> SharedFootage:
    """Compare the test clips of each home with what the others' detectors were fitted to.

    Args:
        detectors: of the homes, by name.
        tests: their test clips.

    Returns:
        What was found.
    """
    found: list[Copy] = []
    shown: dict[str, Video] = {}
    for home, detector in detectors.items():
        run = detector.run
        apart = {segment.video_id for segment in run.folds[0].test.segments}
        learnt = {
            f"{home}: {name}": run.videos[name] for name in run.folds[0].videos if name not in apart
        }
        for abroad, videos in tests.items():
            if home == abroad:
                continue
            tested = {f"{abroad}: {video.id}": video for video in videos}
            sides = _contents(tested), _contents(learnt)
            if sides[0] is None or sides[1] is None:
                return SharedFootage(None, [])
            found += find_copies(sides[0], sides[1])
            shown |= {**tested, **learnt}
    listed = [dataclasses.asdict(copy) for copy in found]
    pictured = all(detector.run.pictures for detector in detectors.values())
    return SharedFootage(listed, copy_pictures(shown if pictured else {}, listed))


def _contents(videos: Mapping[str, Video]) -> dict[str, np.ndarray] | None:
    """Return what each clip shows; None where that is not known of one."""
    known = {name: video.content for name, video in videos.items() if video.content is not None}
    return known if len(known) == len(videos) else None
