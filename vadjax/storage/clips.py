"""The clips that a detector was fitted on, without their frames: `detector/clips`.

With it a run goes on where its training clips have been removed; what was measured of them lies in
the feature store.
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax.data.frames.content import ROW
from vadjax.data.frames.gone import GoneFrames
from vadjax.data.video import Video
from vadjax.storage.state import load_state, replace_state

_PLAIN = ("id", "split", "fps", "fps_assumed", "scene", "fingerprint")
_ARRAYS = ("times", "labels")


class KnownClips(NamedTuple):
    """Clips of a run whose frames need not be there.

    Attributes:
        train: of the data set's training side.
        added: that were learnt later.
    """

    train: tuple[Video, ...] = ()
    added: tuple[Video, ...] = ()


def write_clips(workdir: pathlib.Path, clips: KnownClips) -> None:
    """Note clips; those that were noted before stay until these are.

    Args:
        workdir: folder of a run.
        clips: of it.
    """
    noted = {kind: [_facts(v) for v in videos] for kind, videos in clips._asdict().items()}
    replace_state(_folder(workdir), noted)


def read_clips(workdir: pathlib.Path) -> KnownClips | None:
    """Return what `write_clips` wrote; None where nothing was noted.

    Raises:
        UserError: it is damaged.
    """
    if not _folder(workdir).is_dir():
        return None
    noted = load_state(_folder(workdir))
    return KnownClips(*(tuple(map(_video, noted[kind])) for kind in KnownClips._fields))


def with_frames(clips: Sequence[Video], there: Sequence[Video]) -> tuple[Video, ...]:
    """Put clips that are there in the place of noted ones.

    Args:
        clips: noted.
        there: that can be read; one that was not noted is left out.

    Returns:
        The noted clips, each with its frames where a clip of its id and content is there.
    """
    found = {(video.id, video.fingerprint): video for video in there}
    return tuple(found.get((video.id, video.fingerprint), video) for video in clips)


def _folder(workdir: pathlib.Path) -> pathlib.Path:
    return workdir / "detector" / "clips"


def _facts(video: Video) -> dict[str, Any]:
    rows = video.content
    return {
        **{name: getattr(video, name) for name in (*_PLAIN, *_ARRAYS, "video_label")},
        "content": None if rows is None else {name: rows[name] for name in ROW.names or ()},
        "substituted": list(map(int, video.substituted)),
        "frames": len(video.frames),
        "size": list(map(int, video.frames.shape)),
    }


def _video(facts: Mapping[str, Any]) -> Video:
    height, width = facts["size"]
    rows = None
    if facts["content"] is not None:
        rows = np.zeros(facts["frames"], ROW)
        for name, column in facts["content"].items():
            rows[name] = column
    return Video(
        **{name: facts[name] for name in (*_PLAIN, *_ARRAYS)},
        video_label=facts.get("video_label"),  # not in what earlier versions noted
        content=rows,
        substituted=tuple(facts["substituted"]),
        frames=GoneFrames(facts["id"], facts["frames"], (height, width)),
    )
