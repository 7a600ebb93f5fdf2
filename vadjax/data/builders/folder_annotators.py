"""Several people's labels of one's own videos, from labels.csv to each `Video`."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from vadjax.data.deviation import Deviation
from vadjax.data.labels.clip_labels import ClipLabels
from vadjax.data.text.lists import some
from vadjax.data.video import Dataset, Video


def intervals_by_annotator(
    known: Mapping[str, ClipLabels],
) -> dict[str, dict[str, list[list[int]]]] | None:
    """Return what each annotator says, as `Dataset.metadata` can hold it.

    Args:
      known: id -> what labels.csv says of the clip.

    Returns:
      Annotator -> id -> abnormal intervals [start, stop]; None where there are not several.
    """
    found: dict[str, dict[str, list[list[int]]]] = {}
    for clip, own in known.items():
        for name, frames in own.annotations.items():
            edges = np.flatnonzero(np.diff(np.r_[0, frames.astype(np.int8), 0])).reshape(-1, 2)
            found.setdefault(name, {})
            if len(edges):
                found[name][clip] = edges.tolist()
    return found if len(found) > 1 else None


def annotated(dataset: Dataset) -> Dataset:
    """Give each video `metadata["annotations"]`: annotator -> uint8 [t], 1 is abnormal.

    Args:
      dataset: with what `intervals_by_annotator` returned as metadata `annotations`.

    Returns:
      The data set; as it was where it has no annotators.
    """
    if not (by_name := dataset.metadata.get("annotations")):
        return dataset

    def of(video: Video) -> Video:
        frames = {name: np.zeros(len(video.frames), np.uint8) for name in by_name}
        for name, clips in by_name.items():
            for start, stop in clips.get(video.id, ()):
                frames[name][start:stop] = 1
        return dataclasses.replace(video, metadata={**video.metadata, "annotations": frames})

    return dataclasses.replace(
        dataset, train=tuple(map(of, dataset.train)), test=tuple(map(of, dataset.test))
    )


def silent_annotators(known: Mapping[str, ClipLabels]) -> list[Deviation]:
    """Say which annotators have no row of clips that others have.

    Args:
      known: id -> what labels.csv says of the clip.

    Returns:
      One note, or none.
    """
    named = [own.named_by for own in known.values() if own.named_by]
    names = {name for own in known.values() for name in own.annotations}
    counts = {name: sum(name not in by for by in named) for name in sorted(names)}
    found = [f"{name} ({count} of {len(named)})" for name, count in counts.items() if count]
    if not found:
        return []
    return [
        Deviation(
            f"labels.csv: annotators without a row of clips that others name: {some(found)}",
            "by them these clips are normal; a row with empty times says so, and ends this note",
        )
    ]
