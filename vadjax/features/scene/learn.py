"""The reference of a run's camera: learnt from its training clips once, kept in the cache."""

import hashlib
import itertools
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from vadjax.data.splits.units import Segment
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.scene import reference as references
from vadjax.features.scene.reference import Reference
from vadjax.storage.files import atomic_write


def learn_reference(
    videos: Mapping[str, Video], segments: Sequence[Segment], *, folder: pathlib.Path
) -> Reference:
    """Learn a reference from evenly spaced frames of all segments, or read the one that is kept.

    Args:
        videos: by id.
        segments: normal frames of one fixed camera; no other frame is used.
        folder: where references are kept.

    Returns:
        The reference.

    Raises:
        UserError: the clips are of several sizes, or cannot be read.
    """
    parts = [(videos[segment.video_id], segment.start, segment.stop) for segment in segments]
    named = [[video.id, video.fingerprint, start, stop] for video, start, stop in parts]
    text = json.dumps([references.VERSION, named])
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            return Reference.from_arrays({key: file[key] for key in file})
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}); remove it and run again.") from error
    check_sizes(video for video, _, _ in parts)
    reference = references.fit_reference(_spread(parts, references.NUM_FRAMES))
    with atomic_write(path) as beside, beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **reference.arrays())
    return reference


def check_sizes(videos: Iterable[Video]) -> None:
    """Refuse clips whose frames differ in size.

    Raises:
        UserError: it names a clip of each size.
    """
    by_size: dict[tuple[int, int], str] = {}
    for video in videos:
        by_size.setdefault(video.frames.shape, video.id)
    if len(by_size) > 1:
        named = ", ".join(f"{video} ({w}x{h})" for (h, w), video in by_size.items())
        raise UserError(
            f"training clips of several frame sizes: {named}; detector scene learns one fixed "
            "camera: give the clips of one camera, or choose another detector."
        )


def _spread(parts: Sequence[tuple[Video, int, int]], count: int) -> Iterator[np.ndarray]:
    """Yield `count` frames, evenly spaced over all stretches; videos are decoded in order."""
    total = sum(stop - start for _, start, stop in parts)
    wanted = set((np.arange(min(count, total)) * total // min(count, total)).tolist())
    number = 0
    for video, start, stop in parts:
        for frame in itertools.islice(video.frames, start, stop):
            if number in wanted:
                yield np.asarray(frame)
            number += 1
