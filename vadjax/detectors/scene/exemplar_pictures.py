"""Pictures of normal bodies, kept with a detector to be shown beside what is unusual.

They are cut once, when the detector has been fitted, so that they are there where the training
clips are not. Of many exemplars those are kept that cover the others best.
"""

import collections
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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
    chosen = _cover(look["kept"], np.arange(len(look["kept"]), dtype=np.int32))
    clips = {number: clip for number, (clip, _) in enumerate(parts)}
    return _packed(_cut(look, chosen, reference, clips))


def with_pictures_of(
    pictures: Mapping,
    before: Mapping[str, np.ndarray],
    look: Mapping[str, np.ndarray],
    reference: Reference,
    clips: Mapping[int, Clip],
) -> dict:
    """Add pictures of further clips to those that were cut before.

    Args:
        pictures: what `cut_pictures` returned.
        before: the state of the cue that they were cut for.
        look: its state now, whose exemplars are those of before or of the further clips.
        reference: of the camera.
        clips: by the numbers of their lessons.

    Returns:
        As `cut_pictures`; of the exemplars of before only those that had a picture have one.
    """
    sources = before["source"][pictures["number"]].tolist()
    known = {tuple(source): number for number, source in enumerate(sources)}
    given = [tuple(source) for source in look["source"].tolist()]
    of_both = [n for n, s in enumerate(given) if s in known or s[0] in clips]
    chosen = _cover(look["kept"], np.array(of_both, np.int32))
    found = [
        _Picture(number, *_unpacked(pictures, known[given[number]]))
        for number in chosen
        if given[number] in known
    ]
    new = [number for number in chosen if given[number] not in known]
    return _packed([*found, *_cut(look, new, reference, clips)])


class _Picture(NamedTuple):
    """Of the exemplar `number`: the id of its video, frame, seconds (NaN: unknown), JPEG."""

    number: int
    video: str
    frame: int
    time_s: float
    jpeg: bytes


def _cover(vectors: np.ndarray, numbers: np.ndarray) -> list[int]:
    """Return those of some exemplars that cover the others best, ascending."""
    cover = Exemplars.empty(vectors.shape[1], 1)
    cover.add(vectors[numbers], numbers[:, None], limit=NUM_PICTURES)
    return sorted(cover.source[:, 0].tolist())


def _cut(
    look: Mapping[str, np.ndarray],
    numbers: Sequence[int],
    reference: Reference,
    clips: Mapping[int, Clip],
) -> list[_Picture]:
    """Cut the pictures of exemplars out of their clips."""
    by_frame: dict[tuple[int, int], list[int]] = collections.defaultdict(list)
    for number in numbers:
        lesson, row = look["source"][number, :2].tolist()
        by_frame[lesson, row].append(number)
    found: list[_Picture] = []
    for (lesson, row), here in sorted(by_frame.items()):  # ascending: videos decode once
        clip = clips[lesson]
        video, frame = clip.videos[0], clip.units.segments[0].start + row
        time_s = np.nan if video.edges is None else float(video.edges[frame])
        image = video.frames[frame]
        for number in here:
            box = body_box(reference, look["source"][number, 2:].astype(np.float64))
            found.append(_Picture(number, video.id, frame, time_s, crop_jpeg(image, box)))
    return found


def _packed(found: Sequence[_Picture]) -> dict:
    """Return pictures as a state holds them."""
    jpegs = [each.jpeg for each in found]
    return {
        "number": np.array([each.number for each in found], np.int32),
        "video": [each.video for each in found],
        "frame": np.array([each.frame for each in found], np.int32),
        "time_s": np.array([each.time_s for each in found], np.float64),
        "ends": np.cumsum([len(each) for each in jpegs], dtype=np.int64),
        "jpegs": np.frombuffer(b"".join(jpegs), np.uint8),
    }


def _unpacked(pictures: Mapping, index: int) -> tuple[str, int, float, bytes]:
    """Return video, frame, seconds and JPEG of a picture."""
    start, stop = (0, *pictures["ends"].tolist())[index : index + 2]
    facts = int(pictures["frame"][index]), float(pictures["time_s"][index])
    return pictures["video"][index], *facts, pictures["jpegs"][start:stop].tobytes()


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
        video, frame, time_s, jpeg = _unpacked(self._pictures, index)
        return Normal(video, frame, None if np.isnan(time_s) else time_s, jpeg)
