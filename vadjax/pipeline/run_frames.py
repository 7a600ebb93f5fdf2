"""What the videos of a run decide: which inputs are made of them, their size, the camera."""

import collections
from collections.abc import Iterable
from typing import Any

from vadjax import backbones
from vadjax import config as configs
from vadjax.data.splits import scenes
from vadjax.data.video import Video
from vadjax.pipeline.backbone import load_backbone


def inputs_of(run: Any) -> tuple[str, ...]:
    """Name what is extracted: the detector's inputs, and motion for the baselines.

    Of videos without a label no baseline has a figure, so that nothing but the table of
    `evaluate.sets` asks for their motion.

    Args:
        run: the `pipeline.run.Run`, with its detector and data set.

    Returns:
        Each name once.
    """
    moving = run.pictures and run.unit == "frame"
    if moving and not run.config.evaluate.sets:
        videos = (*run.dataset.train, *run.dataset.test)
        moving = any(video.labels is not None for video in videos)
    return tuple(dict.fromkeys((*run.detector.inputs, *(("motion",) if moving else ()))))


def frame_shapes(videos: Iterable[Video]) -> list[tuple[tuple[int, int], int]]:
    """Count frames by their size.

    Args:
        videos: whose frames count.

    Returns:
        (height, width) and how many there are, the commonest first.
    """
    counts: collections.Counter = collections.Counter()
    for video in videos:
        counts[tuple(video.frames.shape)] += len(video.frames)
    return counts.most_common()


def input_size(run: Any) -> tuple[int, int] | None:
    """Return height and width of the backbone's input in pixels; None is the checkpoint's own.

    Args:
        run: whose config says them, or says that they follow from the frames.

    Returns:
        See above.
    """
    f = run.config.features
    if f.height:
        return f.height, f.width
    if not configs.follows_frames(run.config):
        return None
    return backbones.size_of_frames(f.backbone, run.frame_shapes[0][0])


def crop_backbone(run: Any) -> Any:
    """Return the backbone of `config.features` for crops of moving bodies.

    Args:
        run: with its config.

    Returns:
        The backbone.
    """
    from vadjax.features.scene.meter import CROP

    size = backbones.size_of_crops(run.config.features.backbone, CROP)
    return load_backbone(run.config, cache_dir=run.cache, size=size)


def learn_camera(run: Any) -> Any:
    """Learn what detector scene knows of the camera from the training clips.

    Args:
        run: whose clips are of one camera.

    Returns:
        The `features.scene.reference.Reference`.

    Raises:
        UserError: they are of several.
    """
    from vadjax.features.scene.learn import learn_reference

    (fold,) = run.folds
    scenes.require_one(
        [run.videos[segment.video_id] for segment in fold.train.segments], name=run.dataset.name
    )
    return learn_reference(run.videos, fold.train.segments, folder=run.cache / "scene")
