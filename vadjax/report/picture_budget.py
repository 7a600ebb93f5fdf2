"""Which pictures a page holds: those of many videos would make it too large to be opened."""

from collections.abc import Mapping, Sequence

from vadjax.data.scored_video import ScoredVideo

PICTURE_BYTES = 5_000_000  # of all pictures of a page; base64 adds a third

Pictures = Sequence[tuple[int, bytes]]  # frame, jpeg


def within_budget(
    videos: Sequence[ScoredVideo],
    pictures: Mapping[str, Pictures],
    *,
    nbytes: int = PICTURE_BYTES,
) -> dict[str, list[tuple[int, bytes]]]:
    """Keep the most abnormal picture of each video, then the next of each, while there is room.

    Videos with alarms come first, then those with the highest scores.

    Args:
        videos: that have a timeline.
        pictures: video -> (frame, jpeg).
        nbytes: of all jpegs together.

    Returns:
        Video -> the pictures that the page holds, by frame; all of them where they fit.
    """
    shown = [video for video in videos if pictures.get(video.id)]
    order = sorted(shown, key=lambda v: (not v.alarms, -float(v.scores[v.peak or 0])))
    ranked = {
        video.id: sorted(pictures[video.id], key=lambda p: -float(video.scores[p[0]]))
        for video in order
    }
    kept: dict[str, list[tuple[int, bytes]]] = {video.id: [] for video in order}
    left = nbytes
    for turn in range(max(map(len, ranked.values()), default=0)):
        for name, found in ranked.items():
            if turn < len(found) and len(found[turn][1]) <= left:
                left -= len(found[turn][1])
                kept[name].append(found[turn])
    return {name: sorted(found) for name, found in kept.items()}
