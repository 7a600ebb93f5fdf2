"""The folds of a run: which clips, copies or windows it trains, calibrates and tests on."""

from collections.abc import Sequence
from typing import Any

from vadjax.data.arrays.new_array import New
from vadjax.data.clip import Clip, clips_of
from vadjax.data.splits import augment, split_by_window
from vadjax.data.splits.copies import RECIPES, copies
from vadjax.data.splits.folds import make_folds
from vadjax.data.splits.units import Fold, Units
from vadjax.data.video import Video
from vadjax.detectors import DETECTORS

WINDOWS = "test windows"  # stands for a video's id where windows are the units


def copies_of_run(run: Any) -> tuple[Video, ...]:
    """Return the altered copies of what is trained on, where the config asks for them.

    They are never tested: `splits.augment` has whole clips, `splits.copies` the published recipe,
    whose protocol tests windows of them.

    Args:
        run: the `pipeline.run.Run` whose clips are copied.

    Returns:
        Clips of their own.
    """
    d = run.config.dataset
    names = augment.names_of(d.augment)
    if not names:
        return ()
    if names[0] in RECIPES:
        videos = split_by_window.used_videos(run.dataset, d.protocol)
        return copies(videos, recipe=names[0], like=run.dataset.copies_like)
    known = {v.id: v for v in (*run.dataset.train, *run.dataset.test)}
    trained = augment.trained_clips(run.folds_without_copies)
    return augment.copies_of_clips([known[name] for name in trained], names)


def with_copies(run: Any, folds: Sequence[Fold]) -> tuple[Fold, ...]:
    """Add the altered copies of whole clips to what folds of whole clips train on.

    Args:
        run: whose copies they are.
        folds: of its clips.

    Returns:
        The folds; those of windows as they are.
    """
    if run.of_windows:
        return tuple(folds)
    return tuple(augment.with_copies(fold, run.copies) for fold in folds)


def folds_of(run: Any) -> tuple[Fold, ...]:
    """Return the folds of a data set's own clips.

    Args:
        run: whose protocol divides them.

    Returns:
        The folds; copies that a leaky protocol tests are in them.
    """
    d, window = run.config.dataset, run.config.window
    cut: dict[str, Any] = {"length": window.length, "dilation": window.dilation}
    if run.of_windows:
        cut |= {"window_label": run.detector.objective.window_label, "copies": run.copies}
    elif not run.gradient:  # of any length, as it reads no windows
        cut |= {"length": 1, "dilation": 1}
    return make_folds(
        run.dataset,
        protocol=d.protocol,
        holdout=d.holdout,
        num_folds=d.num_folds,
        stride=window.stride,
        seed=run.config.seed,
        pad=run.gradient and window.short_clips == "pad",
        **cut,
    )


def shortest_clip(run: Any) -> int:
    """Return the frames that a clip has to have so that it can be scored.

    Args:
        run: whose detector scores it.

    Returns:
        From 1 on.
    """
    config = run.config
    if DETECTORS[config.detector.name].short_clips or not run.gradient:
        return 1
    early = config.score.first_frames == "short" and config.score.aggregate == "last"
    if run.of_windows or not early:
        return run.span
    predicts = run.detector.objective.min_length > 1
    return min(run.span, 1 + predicts * config.window.dilation)


def clips_of_units(run: Any, units: Units, fold: Fold, new_maps: New) -> list[Clip]:
    """Return the clips of one of a fold's tables, as its detector may see them.

    Args:
        run: the `pipeline.run.Run` whose rows they have.
        units: the table.
        fold: that it belongs to.
        new_maps: see `data.clip.Clip`.

    Returns:
        See `data.clip.clips_of`.
    """
    known: dict[str, Any] = {"name": WINDOWS, "fold": fold.index, "new_maps": new_maps}
    videos = run.videos
    if run.protocol.labels == "videos" and units != fold.test:
        videos = run.videos_without_truth
    return clips_of(units, videos, run.read, **known)
