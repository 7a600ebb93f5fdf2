"""The clips of one camera of a data set of several."""

import dataclasses
from collections.abc import Sequence

from vadjax.data.paths.order import natural_order
from vadjax.data.text.lists import some
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError, unknown


def require_one(videos: Sequence[Video], *, name: str) -> None:
    """Check that clips are of one camera, for a detector that learns one.

    Args:
      videos: the clips.
      name: of the data set.

    Raises:
      UserError: they are of several.
    """
    scenes = natural_order({video.scene for video in videos})
    if len(scenes) > 1:
        raise UserError(
            f"this detector learns one fixed camera, but the training clips of {name} come from "
            f"{len(scenes)}: {some(scenes)}. Choose one with "
            f"--config.dataset.scene={scenes[0]}, and give each a run of its own."
        )


def without_scene(dataset: Dataset, scene: str) -> Dataset:
    """Train on all scenes but one, and test on that one: what a detector is worth at a new camera.

    Args:
      dataset: of several scenes.
      scene: the one that is tested.

    Returns:
      A data set whose coverage says so.

    Raises:
      UserError: there is no such scene, it has no test clip, or no other has training clips.
    """
    tested = of_scene(dataset, scene)
    train = tuple(video for video in dataset.train if video.scene != scene)
    if not train:
        raise UserError(f"no scene of {dataset.name} but {scene} has training clips.")
    others = len({video.scene for video in train})
    count = f"{len(tested.test)} of {len(dataset.test)} test clips"
    covered = f"unseen scene {scene}, {count}, trained on {others} other scenes"
    return dataclasses.replace(tested, coverage=_covered(dataset, covered), train=train)


def tested_scenes(dataset: Dataset, *, unseen: bool) -> list[str]:
    """Return the scenes that have test clips, and training clips of their own or elsewhere.

    Args:
      dataset: of several scenes.
      unseen: training clips of other scenes are needed, not of the scene itself.

    Returns:
      Scenes in their natural order.

    Raises:
      UserError: there are fewer than two.
    """
    trained = {video.scene for video in dataset.train}
    found = [
        scene
        for scene in natural_order({video.scene for video in dataset.test})
        if (trained - {scene} if unseen else scene in trained)
    ]
    if len(found) < 2:
        raise UserError(f"{dataset.name} has {len(found)} scene(s) to train on and test; wanted 2.")
    return found


def of_scene(dataset: Dataset, scene: str, *, called: str = "scene", clip: str = "clip") -> Dataset:
    """Keep the clips of one scene.

    Args:
      dataset: of any number of scenes.
      scene: one of them.
      called: what a scene is called.
      clip: what a clip is called.

    Returns:
      A data set whose coverage says so, since a figure on one scene is none of the whole set.

    Raises:
      UserError: there is no such scene, or it has no test clip.
    """
    scenes = natural_order({video.scene for video in (*dataset.train, *dataset.test)})
    if len(scenes) < 2:
        raise UserError(f"{dataset.name} has one {called}; leave dataset.scene empty.")
    if scene not in scenes:
        raise unknown("dataset.scene", scene, scenes)
    train = tuple(video for video in dataset.train if video.scene == scene)
    test = tuple(video for video in dataset.test if video.scene == scene)
    if not test:
        tested = natural_order({video.scene for video in dataset.test})
        raise UserError(
            f"dataset.scene={scene} has no test {clip} in {dataset.name}; choose one of "
            f"{some(tested)}."
        )
    covered = f"{called} {scene}: {len(test)} of {len(dataset.test)} test {clip}s"
    return dataclasses.replace(dataset, coverage=_covered(dataset, covered), train=train, test=test)


def _covered(dataset: Dataset, covered: str) -> str:
    parts = [covered] if dataset.coverage is None else [dataset.coverage, covered]
    return ", ".join(parts)
