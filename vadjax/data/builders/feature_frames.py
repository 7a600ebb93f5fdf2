"""Which frames of a video the rows of a published feature file stand for."""

import os

from vadjax.data.frames.timeline import Timeline, every, segments
from vadjax.errors import UserError

STEP, SEGMENTS = 16, 32  # frames of a row; rows of a file that divides a whole video


def timeline_of(num_rows: int, num_frames: int, *, path: str | os.PathLike) -> Timeline:
    """Bring the rows of a file and the frames of its video together.

    Published features round a video's end up or down to whole rows, and some lack the last row of
    a video whose frames are a multiple of 16.

    Args:
        num_rows: of the file.
        num_frames: of the video; 0 where they are not known, which is 16 for each row.
        path: of the file, for the message.

    Returns:
        The timeline, without labels.

    Raises:
        UserError: the rows are not those of so many frames.
    """
    num_frames = num_frames or num_rows * STEP
    if -STEP < num_frames - num_rows * STEP <= STEP:
        return every(num_rows, num_frames, STEP)
    if num_rows == SEGMENTS:
        starts = segments(SEGMENTS, max(1, num_frames // STEP), num_frames)
        return Timeline(starts, num_frames)
    raise UserError(
        f"{path} has {num_rows} rows of {STEP} frames, {num_rows * STEP} in all, but the video has "
        f"{num_frames}: wanted {num_frames // STEP} or {-(-num_frames // STEP)} rows. These "
        "are features of another video, or with another number of frames a row."
    )


def is_divided(line: Timeline) -> bool:
    """Return whether the rows are segments of a whole video."""
    return len(line.starts) == SEGMENTS and bool((line.counts[:-1] != STEP).any())
