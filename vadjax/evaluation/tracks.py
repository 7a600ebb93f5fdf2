"""Tracks: one abnormal object through the frames of one video.

`Truth` numbers each true region with its track. Some data sets come with tracks; for the others
they are derived from the masks, and whatever is computed from them is marked "derived".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from vadjax.errors import UserError
from vadjax.evaluation.regions import boxes_of, iou

MIN_IOU = 0.3  # of an object's boxes in consecutive frames
NO_BOXES = np.zeros((0, 4), np.int64)


@dataclass(frozen=True, eq=False)
class Truth:
    """The true regions of one video.

    Attributes:
        boxes: int [g, 4] of each frame.
        tracks: int [g] of each frame, the track of each box, from 0.
        num_tracks: how many tracks there are.
    """

    boxes: Sequence[np.ndarray]
    tracks: Sequence[np.ndarray]
    num_tracks: int

    def within(self, regions: Sequence[np.ndarray]) -> "Truth":
        """Leave out the boxes that meet no region of the mask, such as of what is hidden.

        Args:
            regions: int [g, 4] of each frame, boxes of the mask's connected parts.

        Raises:
            UserError: the tracks are of another number of frames.
        """
        if len(regions) != len(self.boxes):
            raise UserError(f"tracks of {len(self.boxes)} frames, masks of {len(regions)}.")
        seen = [
            (iou(own, here) > 0).any(axis=1) for own, here in zip(self.boxes, regions, strict=True)
        ]
        boxes = [own[keep] for own, keep in zip(self.boxes, seen, strict=True)]
        kept = [own[keep] for own, keep in zip(self.tracks, seen, strict=True)]
        numbers = np.unique(np.concatenate(kept))  # some tracks may be gone altogether
        kept = [np.searchsorted(numbers, own) for own in kept]
        return Truth(boxes, kept, len(numbers))


def derive(boxes: Sequence[np.ndarray]) -> Truth:
    """Link boxes of consecutive frames where they overlap, best matches together first.

    An object that hides for a frame comes back as another track, and so does one that moves by
    more than about half its size.

    Args:
        boxes: int [g, 4] of each frame.
    """
    tracks, total = [], 0
    last_boxes, last_tracks = NO_BOXES, np.zeros(0, np.int64)
    for here in boxes:
        numbers = np.full(len(here), -1)
        overlap = iou(last_boxes, here)
        rows, columns = linear_sum_assignment(-overlap)
        good = overlap[rows, columns] >= MIN_IOU
        numbers[columns[good]] = last_tracks[rows[good]]
        new = np.flatnonzero(numbers < 0)
        numbers[new] = total + np.arange(len(new))
        total += len(new)
        tracks.append(numbers)
        last_boxes, last_tracks = here, numbers
    return Truth(boxes, tracks, total)


def from_masks(masks: Iterable[np.ndarray]) -> Truth:
    """Derive the regions and tracks of a video from its masks, each [h, w]."""
    return derive([boxes_of(mask) for mask in masks])


def native(records: Sequence[Mapping], num_frames: int) -> Truth:
    """Read tracks that come with a data set; what is normal in them is left out.

    Args:
        records: of each track `start` (its first frame), `boxes` (from there, a box
            [x, y, width, height] a frame) and, where not all of it is abnormal, `abnormal`
            (a truth value a frame).
        num_frames: of the video.

    Returns:
        The true regions, by frame.
    """
    found: list[list] = [[] for _ in range(num_frames)]
    total = 0
    for record in records:
        boxes = record["boxes"]
        abnormal = record.get("abnormal", [True] * len(boxes))
        seen = [
            (record["start"] + i, box)
            for i, (box, bad) in enumerate(zip(boxes, abnormal, strict=True))
            if bad and box is not None and box[2] > 0 and box[3] > 0
        ]
        for frame, box in seen:
            found[frame].append((total, box))
        total += bool(seen)
    boxes = [np.array([box for _, box in here], np.int64).reshape(-1, 4) for here in found]
    return Truth(boxes, [np.array([n for n, _ in here], np.int64) for here in found], total)
