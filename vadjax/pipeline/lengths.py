"""Videos that are too short for what a detector looks at."""

from collections.abc import Iterable

from vadjax.errors import UserError


def check_length(videos: Iterable, fewest: int) -> None:
    """Refuse videos that are too short for a score, before anything is made of them.

    Args:
        videos: to be scored.
        fewest: frames that a score needs, see `Run.shortest`.

    Raises:
        UserError: with the first of them and their lengths.
    """
    short = [f"{v.id} ({len(v.frames)})" for v in videos if len(v.frames) < fewest]
    if short:
        raise UserError(
            f"{len(short)} video(s) to score are shorter than the {fewest} frames that a score "
            f"needs: {', '.join(short[:5])}; lower window.length, or leave these videos out."
        )
