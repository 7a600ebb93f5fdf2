"""Pictures of what the strongest alarms are about, cut out of their videos."""

import dataclasses
from collections.abc import Mapping, Sequence

from vadjax.data.scored_video import ScoredVideo
from vadjax.data.video import Video
from vadjax.explain.crops import crop_jpeg

NUM_PICTURED = 200  # alarms, of all videos together


def with_pictures(
    videos: Sequence[ScoredVideo], opened: Mapping[str, Video], *, count: int = NUM_PICTURED
) -> list[ScoredVideo]:
    """Add pictures to the findings of the strongest alarms.

    Args:
        videos: with findings, where there are some; a row is a frame of the whole video.
        opened: the videos with their frames, by id; of others no picture is cut.
        count: alarms that get a picture, at most.

    Returns:
        The records in the same order.
    """
    moments = [
        (float(video.scores[one.frame]), number, index)
        for number, video in enumerate(videos)
        for index, one in enumerate(video.findings)
        if one.box is not None and video.id in opened
    ]
    chosen = {(n, index) for _, n, index in sorted(moments, key=lambda m: -m[0])[:count]}
    result = []
    for number, video in enumerate(videos):
        findings = list(video.findings)
        for index, one in enumerate(findings):  # ascending frames: videos are decoded once
            if (number, index) in chosen and one.box is not None:
                image = opened[video.id].frames[one.frame]
                findings[index] = dataclasses.replace(one, jpeg=crop_jpeg(image, one.box))
        result.append(dataclasses.replace(video, findings=tuple(findings)))
    return result
