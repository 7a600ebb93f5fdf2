"""What was found of a data set against what is expected of it, for the terminal."""

import collections
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vadjax.data.frames.look import CUES
from vadjax.data.video import Dataset, Video
from vadjax.report import texts


def show(dataset: Dataset, console: Console) -> None:
    """Print totals, clips, coverage and deviations.

    Args:
        dataset: as `data.load` returns it.
        console: what prints.
    """
    console.print(
        f"{dataset.title} ({dataset.name}), labels: {dataset.label_version}", style="bold"
    )
    for key in ("root", "layout", "label_file", "label_convention", "masks"):
        if dataset.metadata.get(key):
            console.print(f"{key.replace('_', ' ')}: {dataset.metadata[key]}", markup=False)
    expected = dataset.metadata.get("expected", {})
    console.print(_totals(dataset, expected))
    if any(video.classes for video in (*dataset.train, *dataset.test)):
        console.print(_classes(dataset))
    console.print(_clips(dataset, expected))
    if expected:
        console.print(f"coverage: {dataset.coverage or 'complete'}")
    if not dataset.deviations:
        console.print("no deviations")
    for number, deviation in enumerate(dataset.deviations, 1):
        console.print(f"deviation {number}: {deviation.what}", markup=False)
        console.print(f"  meaning: {deviation.meaning}", markup=False)


def show_bias(found: Mapping, reasons: Mapping[str, str], console: Console) -> None:
    """Print how well the look of clips alone tells them apart.

    Args:
        found: as `pipeline.scene_bias.scene_bias` returns it.
        reasons: why a part is None.
        console: what prints.
    """
    known = {key: part for key, part in found.items() if part is not None}
    for why in reasons.values():
        console.print(f"scene bias: {why}", markup=False)
    if not known:
        return
    table = Table("cue", title="scene bias: AUC of each cue alone")
    for key in known:
        table.add_column(texts.BIAS[key], justify="right")
    for cue, words in CUES.items():
        if any(cue in part["cues"] for part in known.values()):
            values = [part["cues"].get(cue) for part in known.values()]
            table.add_row(words, *("–" if v is None else f"{v:.3f}" for v in values))
    table.add_row("best of all by chance, 95 %", *(f"{p['chance95']:.3f}" for p in known.values()))
    table.add_row("p of the best", *(f"{p['p_value']:.4f}" for p in known.values()))
    console.print(table)


def _totals(dataset: Dataset, expected: dict) -> Table:
    table = Table("split", title="found / expected")
    for column in ("clips", "frames", "abnormal"):
        table.add_column(column, justify="right")
    for split in ("train", "test"):
        videos, wanted = getattr(dataset, split), expected.get(split, {})
        table.add_row(
            split,
            _pair(len(videos), wanted.get("clips")),
            _pair(sum(len(v.frames) for v in videos), wanted.get("frames")),
            _pair(_abnormal(videos), wanted.get("abnormal")),
        )
    return table


def _classes(dataset: Dataset) -> Table:
    """Count the clips of each class; a clip of two classes counts for both."""
    counts = {
        split: collections.Counter(name for v in getattr(dataset, split) for name in v.classes)
        for split in ("train", "test")
    }
    table = Table("class", title="clips by class")
    for split, own in counts.items():
        table.add_column(split, justify="right")
        own["without a class"] = sum(not v.classes for v in getattr(dataset, split))
    for name in sorted(counts["train"].keys() | counts["test"].keys()):
        table.add_row(Text(name), *(f"{own[name]:,}" for own in counts.values()))
    return table


def _clips(dataset: Dataset, expected: dict) -> Table:
    table = Table("clip", title="found / expected, clip by clip")
    for column in ("frames", "abnormal", "size", "fps"):
        table.add_column(column, justify="right")
    for video in (*dataset.train, *dataset.test):
        wanted = expected.get(video.split, {})
        height, width = video.frames.shape
        size = f"{width}x{height}" if video.frames.pictures else "features"
        doubt = (
            " (assumed)" if video.fps_assumed else " (uneven)" if video.times is not None else ""
        )
        rate = f"{video.fps:.4g}{doubt}" if video.fps else "unknown"
        table.add_row(
            video.id,
            _pair(len(video.frames), wanted.get("lengths", {}).get(video.id)),
            _pair(_abnormal([video]), wanted.get("abnormal_by_clip", {}).get(video.id)),
            size,
            rate,
        )
    return table


def _abnormal(videos: Sequence[Video]) -> int | None:
    """Return the number of abnormal frames, or None where there are no labels."""
    labels = [video.labels for video in videos if video.labels is not None]
    return sum(int(own.sum()) for own in labels) if len(labels) == len(videos) else None


def _pair(found: int | None, wanted: int | None) -> str:
    shown = "unlabelled" if found is None else f"{found:,}"
    return shown if wanted is None else f"{shown} / {wanted:,}"
