"""The counts that a benchmark should have, and the deviations from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vadjax.data.builders.base import Scan, ScannedClip
from vadjax.data.builders.positional import clip_id
from vadjax.data.deviation import Deviation, gathered
from vadjax.data.text.lists import some, spans


@dataclass(frozen=True)
class Side:
    """What one split should hold.

    Attributes:
      clips: their number; they are counted from 1.
      frames: in total.
      lengths: frames of each clip; 0 where nobody has published it.
      abnormal: by label version, abnormal frames of each clip.
      masks: numbers of the clips for which the authors publish masks.
    """

    clips: int
    frames: int
    lengths: tuple[int, ...]
    abnormal: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    masks: tuple[int, ...] = ()

    def describe(self, split: str, label_version: str) -> dict:
        """Return the expected counts as plain data, by clip id, for `Dataset.metadata`.

        Args:
          split: "train" or "test".
          label_version: which labelling.

        Returns:
          What `expect` returns.
        """
        abnormal = self.abnormal.get(label_version, (0,) * self.clips)
        return expect(
            [clip_id(split, n) for n in range(1, self.clips + 1)],
            lengths={clip_id(split, n): c for n, c in enumerate(self.lengths, 1) if c},
            abnormal={clip_id(split, n): c for n, c in enumerate(abnormal, 1)},
            frames=self.frames,
        )


def expect(
    ids: Sequence[str],
    *,
    lengths: Mapping[str, int],
    abnormal: Mapping[str, int],
    frames: int | None = None,
) -> dict:
    """Return the expected counts of a split as plain data, for `Dataset.metadata`.

    Args:
      ids: of its clips.
      lengths: frames of the clips of which they are known.
      abnormal: abnormal frames of the clips of which they are known.
      frames: in total; None where nobody has published it.

    Returns:
      `ids`; `clips`, `frames`, `abnormal` in total, None where unknown; `lengths` and
      `abnormal_by_clip` by clip id.
    """
    return {
        "ids": list(ids),
        "clips": len(ids),
        "frames": frames,
        "abnormal": sum(abnormal.values()) if len(abnormal) == len(ids) else None,
        "lengths": dict(lengths),
        "abnormal_by_clip": dict(abnormal),
    }


def scan_of(
    clips: Sequence[ScannedClip],
    sides: Mapping[str, Side],
    *,
    size: tuple[int, int],
    label_version: str,
    metadata: Mapping,
) -> Scan:
    """Compare clips with what is expected, and return them with coverage and deviations.

    Args:
      clips: training clips first; their ids are those of `positional.clip_id`.
      sides: what each split should hold.
      size: expected height and width of a frame.
      label_version: the labels that the clips have.
      metadata: plain data for `Dataset.metadata`, such as root, layout, label_file and
        label_convention; `expected` is added.

    Returns:
      The scan, with a `coverage` where clips are missing.
    """
    expected = {split: side.describe(split, label_version) for split, side in sides.items()}
    return compared(clips, expected, size=size, metadata=metadata)


def compared(
    clips: Sequence[ScannedClip],
    expected: Mapping[str, dict],
    *,
    size: tuple[int, int] | None,
    metadata: Mapping,
    noun: str = "clip",
) -> Scan:
    """Compare clips of any ids with what is expected.

    Args:
      clips: training clips first.
      expected: what `expect` returned of each split.
      size: expected height and width of a frame; None where they differ.
      metadata: see `scan_of`.
      noun: what a clip is called.

    Returns:
      The scan, with a `coverage` where clips are missing.
    """
    total = sum(side["clips"] for side in expected.values())
    return Scan(
        clips=list(clips),
        coverage=f"{len(clips)} of {total} {noun}s" if len(clips) < total else None,
        metadata={**metadata, "expected": dict(expected)},
        deviations=_compare(clips, expected, size, noun),
    )


def _compare(
    clips: Sequence[ScannedClip],
    expected: Mapping[str, dict],
    size: tuple[int, int] | None,
    noun: str,
) -> list[Deviation]:
    deviations = [
        deviation
        for split, side in expected.items()
        for deviation in _counts(
            [c for c in clips if c.id.startswith(split + "/")], split, side, noun
        )
    ]
    odd = [c for c in clips if (c.footage.height, c.footage.width) != size]
    if size and odd:
        footage = odd[0].footage
        deviations.append(
            Deviation(
                f"{len(odd)} clips are {footage.width}x{footage.height} pixels instead of "
                f"{size[1]}x{size[0]}",
                "resized, or not this data set: results are not comparable with published ones",
            )
        )
    return deviations + damage(clips)


def _counts(clips: Sequence[ScannedClip], split: str, side: dict, noun: str) -> list[Deviation]:
    deviations, ids = [], {clip.id for clip in clips}
    missing = [name.partition("/")[2] for name in side["ids"] if name not in ids]
    if missing:
        numbered = all(name.isdecimal() for name in missing)
        named = spans(map(int, missing)) if numbered else some(missing)
        deviations.append(
            Deviation(
                f"{split}: {len(clips)} of {side['clips']} {noun}s; missing {named}",
                f"results hold for these {noun}s only and carry the coverage",
            )
        )
    elif len(clips) < side["clips"]:  # the names of all are not known
        what = f"{split}: {len(clips)} of {side['clips']} {noun}s"
        deviations.append(
            Deviation(what, f"results hold for these {noun}s only and carry the coverage")
        )
    extra = [clip.id for clip in clips if clip.id not in side["ids"]]
    if extra:
        deviations.append(
            Deviation(
                f"{some(extra)}: the data set has {side['clips']} {split} clips",
                "used like the others; results are not comparable with published ones",
            )
        )
    lengths = [
        f"{c.id} has {c.footage.num_frames} frames instead of {side['lengths'][c.id]}"
        for c in clips
        if side["lengths"].get(c.id, c.footage.num_frames) != c.footage.num_frames
    ]
    frames = sum(c.footage.num_frames for c in clips)
    wanted = side["frames"]
    whole = len(clips) == side["clips"] and not extra
    if whole and not lengths and wanted is not None and frames != wanted:
        lengths = [f"{split} has {frames} frames instead of {wanted}"]
    if lengths:
        deviations.append(
            Deviation(
                some(lengths),
                "frames are cut off or added; results are not comparable with published ones",
            )
        )
    abnormal = [
        f"{c.id} has {c.labels.sum()} abnormal frames instead of {side['abnormal_by_clip'][c.id]}"
        for c in clips
        if c.labels is not None
        and side["abnormal_by_clip"].get(c.id, c.labels.sum()) != c.labels.sum()
    ]
    if abnormal:
        deviations.append(
            Deviation(
                some(abnormal),
                "another labelling than the one that published results use",
            )
        )
    return deviations


def damage(clips: Sequence[ScannedClip]) -> list[Deviation]:
    """List frames that were replaced, videos that are cut, and the notes of clips."""
    deviations = []
    for clip in clips:
        footage = clip.footage
        if footage.substituted:
            deviations.append(
                Deviation(
                    f"{clip.id}: frames {spans(footage.substituted)} (0-based) cannot be read",
                    "each shows its neighbour, so that labels keep their places; counted as "
                    "substituted",
                )
            )
        if footage.announced > footage.num_frames:
            deviations.append(
                Deviation(
                    f"{clip.id}: the header announces {footage.announced} frames, "
                    f"{footage.num_frames} can be decoded",
                    "only those are used; a file much shorter than announced is cut",
                )
            )
    return deviations + gathered({clip.id: clip.footage.notes for clip in clips})
