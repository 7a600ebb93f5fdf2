"""Rows of clips -> the bodies of each frame."""

from collections.abc import Iterator, Sequence

import numpy as np

from vadjax.data.arrays.row_view import release
from vadjax.data.clip import Clip
from vadjax.detectors.scene.bodies import Bodies, BodyReader
from vadjax.detectors.scene.cue import Camera, Frames


def own_camera(camera: Camera, clip: Clip) -> Camera:
    """Return the camera at the frame rate of a clip.

    Args:
        camera: at that of training.
        clip: of the camera.

    Returns:
        The camera; as it was where the clip does not say its rate.
    """
    return camera._replace(fps=clip.videos[0].fps or camera.fps)


def parts_of(clips: Sequence[Clip], count: int) -> list[tuple[Clip, np.ndarray]]:
    """Return clips with their rows; of fewer clips than wanted, stretches of them.

    Args:
        clips: at least one.
        count: parts that are wanted, at least.

    Returns:
        Clips, some repeatedly, and int rows, at least two.
    """
    pieces = -(-count // len(clips))
    return [
        (clip, rows)
        for clip in clips
        for rows in np.array_split(np.arange(len(clip)), pieces)
        if len(rows) > 1
    ]


def reader_of(clip: Clip, rows: np.ndarray, camera: Camera, names: Sequence[str]) -> Frames:
    """Return a function that reads the bodies of a clip's frames anew at each call.

    Args:
        clip: whose inputs are stored.
        rows: ascending, one behind the other.
        camera: of the clip; the clip's own frame rate is taken.
        names: of the inputs, in the order of `BodyReader.update`.

    Returns:
        The function.
    """

    def read() -> Iterator[Bodies]:
        reader = BodyReader(camera.reference, own_camera(camera, clip).fps)
        inputs = [clip.rows(name) for name in names]
        for number in rows.tolist():
            yield reader.update(*(np.asarray(values[number]) for values in inputs))
            if number % 256 == 255:
                for values in inputs:
                    release(values)

    return read
