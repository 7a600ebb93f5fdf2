"""The stage `extract`: frames to the inputs of the detector and of its baselines, in the store."""

import time
from collections.abc import Callable, Sequence

from vadjax import config as configs
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.pipeline.make_rows import makers
from vadjax.pipeline.run import Run
from vadjax.runtime import processes

VISIBLE_S = 90.0  # a network file system may show a file late


def extract(run: Run) -> bool:
    """Extract what is missing; each process takes some videos.

    Returns:
        Whether there was anything to do.

    Raises:
        UserError: a video cannot be read, or the store is not shared by all processes.
    """
    with processes.barrier("extracting features"):
        done = _extract(run)
    until = time.monotonic() + VISIBLE_S
    for video in run.videos.values() if processes.current().count > 1 else ():
        while not all(store.holds(video) for store in _stores(run)):
            if time.monotonic() > until:
                raise UserError(
                    f"process {processes.current().index} does not see the features of {video.id} "
                    f"in {_stores(run)[0].folder}: features.cache_dir has to be one folder that "
                    "all processes share."
                )
            time.sleep(0.5)
    return done


def _stores(run: Run) -> list:
    """Return the stores of the run's inputs."""
    return [*run.stores.values()]


def _input_size(run: Run) -> list[str]:
    """Say which size frames become, where it follows from them."""
    if not configs.follows_frames(run.config) or run.input_size is None:
        return []
    (shape, count), *others = run.frame_shapes
    size = run.backbone.preprocess.size
    shown = f"{run.unit}s of {shape[1]}x{shape[0]}"
    lines = [f"  input {size[1]}x{size[0]} pixels, in the shape of {shown}"]
    unlike = [(w, h) for (h, w), _ in others if abs(w * shape[0] - h * shape[1]) > max(h, w)]
    if unlike:
        total = count + sum(number for _, number in others)
        lines.append(
            f"  note: training {run.unit}s of several shapes; {count} of {total} are "
            f"{shape[1]}x{shape[0]}, others, such as {unlike[0][0]}x{unlike[0][1]}, are stretched: "
            "features.height and features.width set another size"
        )
    return lines


def _say_scene(run: Run) -> None:
    """Say what was learnt of the camera."""
    reference, (height, width) = run.reference, run.reference.shape
    scale = reference.frame_shape[0] / height
    low, high = float(reference.body.min()) * scale, float(reference.body.max()) * scale
    how = "bodies are" if reference.estimated else "too little moves to tell; bodies are taken as"
    run.console.say(
        f"  camera: {how} {low:.0f} to {high:.0f} pixels high; working size {width}x{height}"
    )
    name, source = run.crop_backbone.name, run.crop_backbone.weights_source
    run.console.say(f"  looks of bodies by {name}, {run.frontend.looks.tap}, weights: {source}")


def _extract(run: Run) -> bool:
    from vadjax.features.extract import share

    start, dataset = time.perf_counter(), run.dataset
    total = sum(len(v.frames) for v in run.videos.values())
    coverage = f" ({dataset.coverage})" if dataset.coverage else ""
    clips = f"clips, {total} frames" if run.unit == "frame" else "images"
    run.console.say(
        f"  {dataset.name}{coverage}: {len(dataset.train)} training and {len(dataset.test)} test "
        f"{clips}, indexed in {time.perf_counter() - start:.1f} s"
    )
    for deviation in dataset.deviations:
        run.console.say(f"  note: {deviation.what}: {deviation.meaning}")
    if run.taps:
        run.console.say(f"  {run.backbone.name}, weights: {run.backbone.weights_source}")
        for line in _input_size(run):
            run.console.say(line)
    if "cells" in run.inputs:
        _say_scene(run)
    place = processes.current()
    mine = share(list(run.videos.values()), place.index, place.count)
    stores = _stores(run)
    if not run.pictures:
        run.console.say(f"  features are given: {dataset.metadata.get('features') or 'no name'}")
        return False
    fetch_rows(run, mine)
    if all(store.holds(v) for v in mine for store in stores):
        send_rows(run, mine)
        what = "video" if run.unit == "frame" else "image"
        run.console.say(f"  every {what} is in the store already" if stores else "  nothing to do")
        return False
    if run.spread is not None:
        missing = missing_of(run, mine)
        start = time.perf_counter()
        run.spread(run, missing)
        send_rows(run, mine)
        _say_rate(run, sum(len(v.frames) for v in missing), time.perf_counter() - start)
        return True
    total = sum(len(v.frames) for v in mine)
    frames, seconds = 0, 0.0
    for make in makers(run):
        with run.console.bar(f"{run.unit}s", total=total, unit=f"{run.unit}s") as advance:

            def report(progress: dict, advance: Callable[[int], None] = advance) -> None:
                advance(progress["frames"] + total - progress["total"])

            done = make(run, mine, report)
        frames, seconds = max(frames, done["frames"]), seconds + done["seconds"]
    send_rows(run, mine)
    _say_rate(run, frames, seconds)
    return True


def fetch_rows(run: Run, videos: Sequence[Video]) -> None:
    """Fetch rows of videos that the mirror has, where there is one.

    Args:
        run: with the stores.
        videos: whose rows are wanted.

    Raises:
        UserError: the object store cannot be used.
    """
    if run.mirror is not None and (count := run.mirror.fetch(_stores(run), videos)):
        run.console.say(f"  {count} files of rows fetched from {run.config.features.mirror}")


def send_rows(run: Run, videos: Sequence[Video]) -> None:
    """Copy rows of videos to the mirror, where there is one.

    Args:
        run: with the stores.
        videos: whose rows are copied.

    Raises:
        UserError: the object store cannot be used.
    """
    if run.mirror is not None and (count := run.mirror.send(_stores(run), videos)):
        run.console.say(f"  {count} files of rows copied to {run.config.features.mirror}")


def _say_rate(run: Run, frames: int, seconds: float) -> None:
    """Say how many frames were extracted a second, and keep it."""
    rate = frames / seconds
    counted = f"extract_{run.unit}s"
    run.add_timing(**{counted: frames, f"{counted}_per_s": rate})
    run.console.say(f"  {frames} {run.unit}s in {seconds:.1f} s, {rate:.1f} {run.unit}s/s")


def extract_videos(run: Run, videos: Sequence[Video]) -> None:
    """Extract what stores lack of some videos of a run, without a word.

    Args:
        run: that reads them.
        videos: of the run.

    Raises:
        UserError: a video cannot be read.
    """
    fetch_rows(run, videos)
    for make in makers(run):
        make(run, list(videos), lambda progress: None)
    send_rows(run, videos)


def missing_of(run: Run, videos: Sequence[Video]) -> list[Video]:
    """Return the videos of which a store of the run lacks rows.

    Args:
        run: with the stores.
        videos: to look for.

    Returns:
        Those that are not complete.
    """
    return [v for v in videos if not all(store.holds(v) for store in _stores(run))]
