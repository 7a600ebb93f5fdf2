"""Videos that are too short for what a detector looks at."""

from collections.abc import Iterable

from vadjax.errors import UserError


def check_length(videos: Iterable, span: int) -> None:
    """Refuse videos that hold no window, before anything is made of them.

    Args:
        videos: to be scored.
        span: frames that a window reaches over.

    Raises:
        UserError: with the first of them and their lengths.
    """
    short = [f"{v.id} ({len(v.frames)})" for v in videos if len(v.frames) < span]
    if short:
        raise UserError(
            f"{len(short)} video(s) to score are shorter than a window of {span} frames: "
            f"{', '.join(short[:5])}; lower window.length, or leave these videos out."
        )
