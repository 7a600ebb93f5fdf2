"""Pictures of normal bodies, kept with a detector to be shown beside what is unusual.

They are cut once, when the detector has been fitted, so that they are there where the training
clips are not. Of many exemplars those are kept that cover the others best.
"""

import collections
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.scored_video import Normal
from vadjax.detectors.contract import State
from vadjax.detectors.scene.exemplars import Exemplars, nearest
from vadjax.detectors.scene.places import body_box
from vadjax.explain.crops import crop_jpeg
from vadjax.features.scene.reference import Reference

NUM_PICTURES = 1200  # about 2 MB


def cut_pictures(
    look: Mapping[str, np.ndarray], reference: Reference, parts: Sequence[tuple[Clip, np.ndarray]]
) -> dict:
    """Cut the pictures of exemplars out of the training clips.

    Args:
        look: state of the cue, with `kept` and `source`.
        reference: of the camera.
        parts: of each lesson its clip, and the rows of it.

    Returns:
        number int32 [n] (of the exemplars), video (id of each), frame int32 [n], time_s float64 [n]
        (NaN where unknown), ends int64 [n], and jpegs uint8, one behind the other.
    """
    width = look["kept"].shape[1]
    every = np.arange(len(look["kept"]), dtype=np.int32)[:, None]
    cover = Exemplars.empty(width, 1)
    cover.add(look["kept"], every, limit=NUM_PICTURES)
    by_frame: dict[tuple[int, int], list[int]] = collections.defaultdict(list)
    for number in sorted(cover.source[:, 0].tolist()):
        lesson, row = look["source"][number, :2].tolist()
        by_frame[lesson, row].append(number)
    found: list[tuple[int, str, int, float, bytes]] = []
    for (lesson, row), numbers in sorted(by_frame.items()):  # ascending: videos decode once
        clip = parts[lesson][0]
        video, frame = clip.videos[0], clip.units.segments[0].start + row
        time_s = np.nan if video.edges is None else float(video.edges[frame])
        image = video.frames[frame]
        for number in numbers:
            box = body_box(reference, look["source"][number, 2:].astype(np.float64))
            found.append((number, video.id, frame, time_s, crop_jpeg(image, box)))
    jpegs = [each[4] for each in found]
    return {
        "number": np.array([each[0] for each in found], np.int32),
        "video": [each[1] for each in found],
        "frame": np.array([each[2] for each in found], np.int32),
        "time_s": np.array([each[3] for each in found], np.float64),
        "ends": np.cumsum([len(each) for each in jpegs], dtype=np.int64),
        "jpegs": np.frombuffer(b"".join(jpegs), np.uint8),
    }


class ExemplarPictures:
    """Finds the normal body that a body resembles most, among those that have a picture.

    Args:
        look: state of the cue.
        pictures: what `cut_pictures` returned.
    """

    def __init__(self, look: Mapping[str, np.ndarray], pictures: Mapping):
        self._look, self._pictures = look, pictures
        self._kept = look["kept"][pictures["number"]]

    @classmethod
    def of_state(cls, state: State) -> "ExemplarPictures | None":
        """Return the pictures of a detector; None where it has none."""
        pictures = state.get("pictures")
        return cls(state["cues"]["look"], pictures) if pictures and pictures["video"] else None

    def nearest(self, look: np.ndarray) -> Normal:
        """Return the normal body whose embedding is nearest to one, float32 [d]."""
        vector = (look - self._look["mean"]) @ self._look["axes"]
        index = int(nearest(self._kept, vector[None])[1][0])
        pictures = self._pictures
        start, stop = (0, *pictures["ends"].tolist())[index : index + 2]
        time_s = float(pictures["time_s"][index])
        return Normal(
            pictures["video"][index],
            int(pictures["frame"][index]),
            None if np.isnan(time_s) else time_s,
            pictures["jpegs"][start:stop].tobytes(),
        )
