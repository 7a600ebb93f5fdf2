"""Pictures of what the leakage audit has found: a frame of each of the two clips."""

from collections.abc import Mapping, Sequence
from typing import Any

from vadjax.data.leakage.copy_search import Copy
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.report.thumbnails import jpeg

MAX_SHOWN = 12


def copy_pictures(
    videos: Mapping[str, Video], copies: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """Return the first copies with a picture of each side, from the middle of the stretch.

    Args:
        videos: by id, those whose frames may be shown.
        copies: as leakage.json lists them; None where they are not known.

    Returns:
        The copies, with `frame`, `other_frame` and `jpegs`; none of clips that are not among
        `videos` or are gone.
    """
    found = []
    for row in (copies or ())[:MAX_SHOWN]:
        if not {row["video"], row["other"]} <= set(videos):
            continue
        middle = (row["stop"] - row["start"]) // 2
        frame, other = row["start"] + middle, int(Copy(**row).others()[middle])
        sides = ((videos[row["video"]], frame), (videos[row["other"]], other))
        try:
            jpegs = [jpeg(video.frames[min(at, len(video.frames) - 1)]) for video, at in sides]
        except UserError:  # the files of one are no longer there
            continue
        found.append({**row, "frame": frame, "other_frame": other, "jpegs": jpegs})
    return found
