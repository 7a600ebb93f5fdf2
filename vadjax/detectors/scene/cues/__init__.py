"""The cues of the detector `scene`. A cue is registered here, by one line, and nowhere else."""

from vadjax.detectors.scene.cue import Cue
from vadjax.detectors.scene.cues.course import Course
from vadjax.detectors.scene.cues.look import Look
from vadjax.detectors.scene.cues.speed import Speed
from vadjax.detectors.scene.cues.still import Still

CUES: dict[str, type[Cue]] = {cue.name: cue for cue in (Speed, Look, Course, Still)}
