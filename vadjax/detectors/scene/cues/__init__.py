"""The cues of the detector `scene`. A cue is registered here, by one line, and nowhere else."""

from collections.abc import Collection
from typing import Any

from vadjax.detectors.scene.cue import Cue
from vadjax.detectors.scene.cues.course import Course
from vadjax.detectors.scene.cues.crowding import Crowding
from vadjax.detectors.scene.cues.direction import Direction
from vadjax.detectors.scene.cues.look import Look
from vadjax.detectors.scene.cues.objects import Objects
from vadjax.detectors.scene.cues.scanner import Scanner
from vadjax.detectors.scene.cues.size import Size
from vadjax.detectors.scene.cues.speed import Speed
from vadjax.detectors.scene.cues.still import Still
from vadjax.detectors.scene.densities import DensityCue
from vadjax.features.scene.rows import INPUTS, OBJECTS

CUES: dict[str, type[Cue]] = {
    cue.name: cue
    for cue in (Speed, Look, Course, Still, Direction, Size, Crowding, Scanner, Objects)
}
WITH_DENSITY = tuple(name for name, cue in CUES.items() if issubclass(cue, DensityCue))
BY_WEIGHTS = "objects"  # needs an object detector, which is a file that the user names
BY_NAME = (Direction.name, Size.name, Crowding.name)  # off by default: experiments/scene_choice
BY_TRAINING = Scanner.name  # trains a network, which takes many times as long as all others


def made(scene: Any, *, seed: int) -> dict[str, Cue]:
    """Make the cues of a config.

    Args:
        scene: the config section.
        seed: of the random numbers of a cue that draws some.

    Returns:
        Name -> cue.
    """
    found: dict[str, Cue] = {}
    for name in chosen(scene):
        found[name] = CUES[name]()
        cue = found[name]
        if isinstance(cue, DensityCue | Scanner):
            cue.seed = seed
        if isinstance(cue, DensityCue) and name in scene.density_of:
            cue.density = scene.density
    return found


def inputs_of(cues: Collection[str]) -> tuple[str, ...]:
    """Return the names of what cues read, in the order of `BodyReader.update`.

    Args:
        cues: their names.
    """
    return (*INPUTS, OBJECTS) if BY_WEIGHTS in cues else INPUTS


def chosen(scene: Any) -> tuple[str, ...]:
    """Return the cues of a config: those it names, and `objects` where it names weights.

    Args:
        scene: the config section.
    """
    more = (BY_WEIGHTS,) if scene.objects else ()
    return tuple(dict.fromkeys((*scene.cues, *more)))
