"""The detector of a fixed camera: cues, calibrated on held-out normal clips and put together.

Each cue gives a map of what is unusual in one way. A value becomes a surprise, minus the logarithm
(base 10) of the share of held-out normal frames whose map reaches it anywhere, so that cues of any
unit can be added (`fused`); the score of a frame is the largest value of the fused map. Nothing
looks ahead, and nothing but normal frames is learnt from.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from vadjax.data.arrays.row_view import release
from vadjax.data.clip import Clip
from vadjax.data.leakage.fitted import stretches_of
from vadjax.data.scored_video import Finding, ScoredVideo
from vadjax.detectors.abilities import Kept
from vadjax.detectors.contract import ClipDetector, Progress, State, Stream
from vadjax.detectors.normal_scene import NormalScene
from vadjax.detectors.scene.adding import with_clips
from vadjax.detectors.scene.clip_reader import own_camera, parts_of, reader_of
from vadjax.detectors.scene.crossing import crossed
from vadjax.detectors.scene.cue import Camera, Cue, Frames
from vadjax.detectors.scene.cues import BY_WEIGHTS, chosen, inputs_of, made
from vadjax.detectors.scene.cues.objects import known_classes
from vadjax.detectors.scene.doubts import cautions_of, darkness_of, doubt_of, night_of, noise_of
from vadjax.detectors.scene.exemplar_pictures import cut_pictures
from vadjax.detectors.scene.explaining import findings
from vadjax.detectors.scene.follower import SceneFollower, camera_of
from vadjax.detectors.scene.fused import RULE
from vadjax.detectors.scene.held_out import surprise_of, tail_of
from vadjax.detectors.scene.lessons import LessonStore
from vadjax.detectors.scene.moved import moved
from vadjax.detectors.scene.stream import SceneStream
from vadjax.detectors.scene.traffic import Traffic, added, normal_scene
from vadjax.errors import UserError
from vadjax.features.scene.extract import usual_fps
from vadjax.features.scene.reference import Reference

NUM_FOLDS = 4  # of the training clips, for held-out normal maps
LEAST_FRAMES = 50  # of training
RELEASED = 1024  # frames between two releases of the maps that lie on disk
TRAFFIC = "traffic"  # the name of its lessons among those of the cues


class Scene(ClipDetector):
    """See the module. Its maps are the fused surprises of each cell."""

    name = "scene"

    def __init__(self, config: Any, frontend: Any = None):
        super().__init__(config, frontend)
        self._lessons: LessonStore | None = None
        self._bodies: dict[tuple, int] = {}  # how many are in each stretch that was learnt

    @property
    def inputs(self) -> tuple[str, ...]:  # type: ignore[override]  # by the config
        """What the cues read."""
        return inputs_of(chosen(self.config.scene))

    @property
    def cues(self) -> dict[str, Cue]:
        """The cues that the config names."""
        return made(self.config.scene, seed=self.config.seed)

    def fit(
        self, train: Sequence[Clip], validation: Sequence[Clip], *, seed: int, progress: Progress
    ) -> State:
        """Fit every cue, calibrated on training clips that it has not seen.

        Args:
            train: normal clips of one camera.
            validation: not read.
            seed: of what is drawn: nothing but by `scene.density=mulde`.
            progress: where progress is reported.

        Returns:
            rule, reference, fps, the state of each cue, what is usual at each place (`traffic`),
            the calibration of each cue (`surprise`, by `tail`) and what it was made of, and
            `fitted_on`.

        Raises:
            UserError: there are too few frames, or nothing moves in them.
        """
        total = sum(map(len, train))
        if total < LEAST_FRAMES:
            raise UserError(
                f"{total} normal frames to learn from; detector scene needs {LEAST_FRAMES}, and "
                "some thousand to be good: give more or longer normal clips."
            )
        camera = Camera(self.frontend.reference, usual_fps(clip.videos[0] for clip in train))
        parts = parts_of(train, NUM_FOLDS)
        frames = [(own_camera(camera, c), self._reader(c, rows, camera)) for c, rows in parts]
        store = self._store(progress)
        keys = [self._learn(clip, rows, camera, store) for clip, rows in parts]
        if not any(self._bodies[key] for key in keys):
            dark = darkness_of(camera.reference.background)
            raise UserError(
                "nothing moves in the normal clips; detector scene learns from what moves there: "
                f"{f'{dark}; give brighter ones' if dark else 'give longer clips'}, or choose "
                "another detector (--config.detector.name=knn)."
            )
        with threadpool_limits(1, "blas"):  # products this small wait for threads, not for work
            cues = made(self.config.scene, seed=seed)
            learnt = {name: (cue, store.of(keys, name)) for name, cue in cues.items()}
            states, held_out = crossed(learnt, frames, camera, folds=NUM_FOLDS, progress=progress)
        if BY_WEIGHTS in states:
            states[BY_WEIGHTS]["names"] = list(self.frontend.objects.names)
        read = stretches_of(train, lambda clip: np.arange(len(clip)))
        return {
            "rule": RULE,
            "reference": camera.reference.arrays(),
            "fps": camera.fps,
            "cues": states,
            "traffic": added(store.of(keys, TRAFFIC)),
            "tail": self.config.scene.tail,
            "surprise": {
                name: surprise_of(values, self.config.scene.tail)
                for name, values in held_out.items()
            },
            "held_out": held_out,
            "clips": [clip.id for clip, _ in parts],
            "fitted_on": {"training": read, "standardisation": read},
        }

    def _reader(self, clip: Clip, rows: np.ndarray, camera: Camera) -> Frames:
        return reader_of(clip, rows, camera, self.inputs)

    def _store(self, progress: Progress) -> LessonStore:
        """Return where lessons are kept: in the run's folder, where there is one."""
        if self._lessons is None:
            self._lessons = LessonStore(progress.workdir)
        return self._lessons

    def _learn(self, clip: Clip, rows: np.ndarray, camera: Camera, store: LessonStore) -> tuple:
        """Keep what each cue learns of a stretch of a clip, by a key; fits on the same share it."""
        key = (clip.id, clip.videos[0].fingerprint, int(rows[0]), len(rows), camera.fps)
        if key not in store:
            own = own_camera(camera, clip)
            learners = {name: cue.learner(own) for name, cue in self.cues.items()}
            traffic, count = Traffic(own), 0
            for bodies in self._reader(clip, rows, camera)():
                count += len(bodies)
                for learner in learners.values():
                    learner.update(bodies)
                traffic.update(bodies)
            learnt = {name: one.lesson() for name, one in learners.items()}
            for lesson in learnt.values():
                if "source" in lesson:  # frames of the clip, not of the stretch
                    lesson["source"][:, 0] += int(rows[0])
            store.keep(key, {**learnt, TRAFFIC: traffic.lesson()})
            self._bodies[key] = count
        return key

    def add(
        self, state: State, clips: Sequence[Clip], *, progress: Progress
    ) -> tuple[State, list[ScoredVideo]]:
        """Learn further normal clips; see `Adder.add` and `adding.with_clips`.

        Args:
            state: what `fit` or this has returned.
            clips: of the same camera.
            progress: where progress is reported.

        Returns:
            The state, and the held-out scores of each clip.
        """
        return with_clips(state, clips, progress=progress)

    def score(self, state: State, clip: Clip) -> ScoredVideo:
        """Score a clip frame by frame, with maps; see `Detector.score`.

        Args:
            state: what `fit` returned.
            clip: to score.

        Returns:
            The record, with maps and the surprise of each cue as parts.
        """
        camera = camera_of(state, clip.videos[0].fps)
        maps = clip.new_maps((len(clip), *camera.reference.grid))
        scores = np.zeros(len(clip), np.float32)
        parts = {name: np.zeros(len(clip), np.float32) for name in state["cues"]}
        follower = SceneFollower(state, camera)
        with threadpool_limits(1, "blas"):
            for number, bodies in enumerate(self._reader(clip, np.arange(len(clip)), camera)()):
                own = follower.update(bodies)
                maps[number], scores[number] = own.map, own.score
                if number % RELEASED == 0:
                    release(maps)  # where they lie on disk
                for name, value in own.parts.items():
                    parts[name][number] = value
        predicted = np.arange(len(clip)) > 0
        if len(clip) > 1:  # the first frame has no flow: it is filled, as everywhere
            maps[0], scores[0] = maps[1], scores[1]
            for values in parts.values():
                values[0] = values[1]
        else:
            predicted[:] = True
        return clip.scored(scores, predicted, maps=maps, parts=parts)

    def explain(
        self, state: State, clip: Clip, frames: Sequence[int], *, kept: Kept | None = None
    ) -> list[Finding]:
        """Say what the strongest cue saw at the place of the largest value.

        Args:
            state: what `fit` returned.
            clip: that was scored.
            frames: numbers of rows, ascending.
            kept: what counts of the map of a row; None: all.

        Returns:
            A finding for each frame.
        """
        return findings(state, clip, frames, kept=kept)

    def illustrate(self, state: State, train: Sequence[Clip]) -> State:
        """Add pictures of normal bodies, where the cue look is used; see `Illustrator`.

        Args:
            state: what `fit` returned.
            train: the clips that it was fitted on.

        Returns:
            The state, with `pictures`.
        """
        look = state["cues"].get("look")
        if look is None:
            return state
        reference = Reference.from_arrays(state["reference"])
        return {**state, "pictures": cut_pictures(look, reference, parts_of(train, NUM_FOLDS))}

    def normal_scene(self, state: State) -> NormalScene | None:
        """Say what is normal at each place; None of a state that an older vadjax has written."""
        if "traffic" not in state:
            return None
        usual_speed = state["cues"].get("speed", {}).get("usual")
        reference = Reference.from_arrays(state["reference"])
        return normal_scene(state["traffic"], reference, usual_speed)

    def doubt(self, state: State, clip: Clip) -> str:
        """Say that a clip shows something else, is dark or is noisy; see `Doubter.doubt`.

        Args:
            state: what `fit` returned.
            clip: that is scored.

        Returns:
            The sentence, or "".
        """
        counts = state["cues"].get("still", {}).get("counts")
        return doubt_of(clip) or moved(clip, counts) or night_of(clip) or noise_of(clip)

    def cautions(self, state: State) -> list[str]:
        """Say that there was too little to learn from, or too dark; see `Cautious.cautions`.

        Args:
            state: what `fit` returned.

        Returns:
            Sentences, or none.
        """
        return cautions_of(state, NUM_FOLDS)

    def stream(self, state: State, fps: float | None = None) -> Stream:
        """Measure and score frame by frame; see `Detector.stream`.

        Args:
            state: what `fit` returned.
            fps: frames a second of the video; None takes that of training.

        Returns:
            The stream.
        """
        return SceneStream(state, self.frontend, fps)

    def describe(self, state: State) -> dict[str, Any]:
        """Say what was learnt of the camera."""
        reference = Reference.from_arrays(state["reference"])
        scale = reference.frame_shape[0] / reference.shape[0]
        return {
            "cues": list(state["cues"]),
            "working_size": list(reference.shape),
            "body_height": round(float(np.median(reference.body)) * scale, 1),
            "body_height_estimated": reference.estimated,
            "objects": known_classes(state["cues"].get(BY_WEIGHTS)),
            "tails": {n: tail_of(clips) for n, clips in state.get("held_out", {}).items()},
            "exemplars": {n: len(s["kept"]) for n, s in state["cues"].items() if "kept" in s},
        }
