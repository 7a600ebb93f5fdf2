"""Passes over the frames of videos, each of which makes some inputs of a run for the store."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from vadjax.data.video import Video
from vadjax.pipeline.run import Run
from vadjax.runtime.compiling import compiling
from vadjax.storage.features import FeatureStore


def makers(run: Run) -> list[Callable]:
    """Return what extracts the run's inputs, one pass over the frames each."""
    makers = [_taps] if run.taps else []
    makers += [_scene] if "cells" in run.inputs else []
    return makers or [_motion]


@contextlib.contextmanager
def first_batch(run: Run, report: Callable[[dict], None]) -> Iterator[Callable[[dict], None]]:
    """Announce that the first batch of frames is compiled.

    Args:
        run: whose backbone is compiled.
        report: called as frames are extracted.

    Yields:
        What is to be called in the place of `report`.
    """
    size, taps = run.backbone.preprocess.size, " ".join(run.tap_specs)
    what = f"{run.backbone.name} and decoding the first {run.unit}s"
    batch = f"{run.config.features.batch_size} frames"
    key = f"{run.backbone.name} {size} {run.backbone.dtype} {taps}, {batch}"
    with contextlib.ExitStack() as waiting:
        waiting.enter_context(compiling(run.console, what, cache_dir=run.cache, key=key))

        def reported(progress: dict) -> None:
            waiting.close()
            report(progress)

        yield reported


def extract_taps(
    run: Run,
    videos: Sequence[Video],
    *,
    stores: Mapping[str, FeatureStore],
    motion_store: FeatureStore | None = None,
    report: Callable[[dict], None],
) -> dict:
    """Extract the rows of taps, with one pass of the backbone over each video that a store lacks.

    Args:
        run: whose backbone reads the videos.
        videos: those wanted.
        stores: of each tap.
        motion_store: where motion measures go; None: they are not measured.
        report: see `features.extract.extract`.

    Returns:
        See `features.extract.extract`.

    Raises:
        UserError: a video cannot be read, or gives features that are not finite.
    """
    from vadjax.features.calibrate import choose_micro_batch
    from vadjax.features.extract import extract as extract_features
    from vadjax.features.extractor import Extractor

    options = {"taps": tuple(stores), "batch_size": run.config.features.batch_size}
    missing = [v for v in videos if not all(store.holds(v) for store in stores.values())]
    micro_batch = choose_micro_batch(
        run.backbone,
        **options,
        cache_dir=run.cache,
        num_frames=sum(len(video.frames) for video in missing),
    )
    work = bool(missing) or not all(motion_store is None or motion_store.holds(v) for v in videos)
    key = (*options.values(), micro_batch)
    compiles = work and key not in run.extractors
    if key not in run.extractors:
        run.extractors[key] = Extractor(run.backbone, **options, micro_batch=micro_batch)
    with first_batch(run, report) if compiles else contextlib.nullcontext(report) as reported:
        return extract_features(
            videos,
            extractor=run.extractors[key],
            stores=stores,
            motion_store=motion_store,
            num_threads=os.cpu_count() or 1,
            report=reported,
        )


def _taps(run: Run, videos: list, report) -> dict:
    motion_store = run.motion_store if "motion" in run.inputs else None
    return extract_taps(
        run, videos, stores=run.tap_stores, motion_store=motion_store, report=report
    )


def _scene(run: Run, videos: list, report) -> dict:
    from vadjax.features.scene.extract import measure_scene, usual_fps

    return measure_scene(
        videos,
        reference=run.reference,
        looks=run.frontend.looks,
        objects=run.frontend.objects,
        stores=run.scene_stores,
        motion_store=run.motion_store,
        fps=usual_fps(run.dataset.train),
        num_threads=os.cpu_count() or 1,
        report=report,
    )


def _motion(run: Run, videos: list, report) -> dict:
    from vadjax.features.measure_motion import measure_motion

    threads = os.cpu_count() or 1
    return measure_motion(videos, store=run.motion_store, num_threads=threads, report=report)
