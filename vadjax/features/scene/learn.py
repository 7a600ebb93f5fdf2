"""The reference of a run's camera: learnt from its training clips once, kept in the cache."""

import hashlib
import json
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.scene import reference as references
from vadjax.features.scene.reference import Reference
from vadjax.storage.files import atomic_write


def learn_reference(videos: Sequence[Video], *, folder: pathlib.Path) -> Reference:
    """Learn a reference from evenly spaced frames of all clips, or read the one that is kept.

    Args:
        videos: normal clips of one fixed camera.
        folder: where references are kept.

    Returns:
        The reference.

    Raises:
        UserError: the clips are of several sizes, or cannot be read.
    """
    text = json.dumps([references.VERSION, [[v.id, v.fingerprint] for v in videos]])
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            return Reference.from_arrays({key: file[key] for key in file})
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}); remove it and run again.") from error
    check_sizes(videos)
    reference = references.fit_reference(_spread(videos, references.NUM_FRAMES))
    with atomic_write(path) as beside, beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **reference.arrays())
    return reference


def check_sizes(videos: Sequence[Video]) -> None:
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


def _spread(videos: Sequence[Video], count: int) -> Iterator[np.ndarray]:
    """Yield `count` frames, evenly spaced over all videos; videos are decoded in order."""
    total = sum(len(video.frames) for video in videos)
    wanted = set((np.arange(min(count, total)) * total // min(count, total)).tolist())
    number = 0
    for video in videos:
        for frame in video.frames:
            if number in wanted:
                yield np.asarray(frame)
            number += 1
