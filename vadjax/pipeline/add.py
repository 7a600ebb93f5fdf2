"""Further normal clips for the detector of a finished run: `vadjax train CONFIG --add=CLIPS`."""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors import DETECTORS
from vadjax.detectors.abilities import Adder
from vadjax.detectors.contract import Progress
from vadjax.errors import UserError
from vadjax.pipeline.added import PREFIX, Added, in_state
from vadjax.pipeline.audit import audit
from vadjax.pipeline.findings import doubts
from vadjax.pipeline.given_videos import open_given
from vadjax.pipeline.run import Run
from vadjax.pipeline.specs import scene_specs
from vadjax.pipeline.trained import with_fps
from vadjax.report.wording import plural
from vadjax.runtime import processes
from vadjax.storage import artifacts
from vadjax.storage import workdir as workdirs
from vadjax.storage.clips import KnownClips, read_clips, write_clips


def check_add(run: Run, stage: str) -> None:
    """Refuse to add clips where no detector can take them.

    Args:
        run: its config and workdir.
        stage: that was asked for.

    Raises:
        UserError: it says why.
    """
    name = run.config.detector.name
    if not DETECTORS[name].adds:
        able = ", ".join(key for key, entry in DETECTORS.items() if entry.adds)
        raise UserError(
            f"detector {name} cannot learn further clips (--add); {able} can. Put the clips beside "
            "the others and train anew, with another --workdir."
        )
    if run.config.score.rules:
        raise UserError(
            "score.rules and --add do not go together: what is kept of added clips are scores "
            "without rules. Train anew with all clips, or leave score.rules empty."
        )
    if stage != "all":
        raise UserError("--add makes all stages that follow anew; leave --stage out.")
    if processes.current().count > 1:
        raise UserError("--add is for one process; leave out --coordinator and --num_processes.")
    if not artifacts.is_done(run.workdir, "train"):
        raise UserError(
            f"{run.workdir} holds no trained detector to add clips to; run the same command "
            "without --add first."
        )
    if read_clips(run.workdir) is None:
        raise UserError(
            f"the detector of {run.workdir} was trained by an older vadjax and did not keep what "
            "further clips are added to: train anew, with another --workdir."
        )


def add(run: Run, paths: Sequence[str], *, skip_broken: bool = False) -> bool:
    """Score clips by the run's detector, then let it learn them.

    Until the new state is complete, the run is what it was.

    Args:
        run: on its opened workdir.
        paths: video files, folders of images, and folders of such clips.
        skip_broken: leave out what cannot be read.

    Returns:
        Whether there was anything new.

    Raises:
        UserError: a clip cannot be read, is of another size or scene, or the state lacks what
            clips are added to.
    """
    state, detector = artifacts.read_state(run.workdir, 0), run.detector
    assert isinstance(detector, Adder)  # `check_add`
    videos = [with_fps(each, state["fps"]) for each in _new(run, paths, skip_broken=skip_broken)]
    if not videos:
        return False
    total = sum(len(video.frames) for video in videos)
    run.console.say(f"  {plural(len(videos), 'clip')} to learn, {total} frames")
    clips = _measured(run, videos, state)
    if unlike := doubts(detector, state, clips):
        raise UserError("\n".join([*unlike, "nothing is added: give clips of the same camera."]))
    progress = Progress(run.console, run.workdir, label="")
    found, scored = detector.add(state, clips, progress=progress)
    added = [Added(v, one.scores, one.predicted) for v, one in zip(videos, scored, strict=True)]
    run.added = (*run.added, *added)
    write_clips(run.workdir, KnownClips(run.dataset.train, tuple(a.video for a in run.added)))
    artifacts.replace_state(run.workdir, 0, {**found, "added": in_state(run.added)})
    artifacts.forget(run.workdir, "score")
    workdirs.write_truth(
        run.workdir, {"added": {a.video.id: a.video.fingerprint for a in run.added}}
    )
    audit(run)
    return True


def _new(run: Run, paths: Sequence[str], *, skip_broken: bool) -> list[Video]:
    """Open the clips that the detector has not learnt; say which it has."""
    videos, notes = open_given(paths, skip_broken=skip_broken, content=True)
    for note in notes:
        run.console.say(f"  note: {note}")
    trained = [video for video in run.dataset.train if video.fingerprint]
    learnt = {v.fingerprint: v.id for v in (*trained, *(one.video for one in run.added))}
    taken = {one.video.id for one in run.added}
    found: list[Video] = []
    for video in videos:
        if video.fingerprint in learnt:
            run.console.say(
                f"  note: {video.id} is {learnt[video.fingerprint]}, which the detector has learnt "
                "already; it is not added again"
            )
            continue
        name = next(n for n in _names(f"{PREFIX}{video.id}") if n not in taken)
        taken.add(name)
        learnt[video.fingerprint] = name
        found.append(dataclasses.replace(video, id=name, split="train"))
    return found


def _names(name: str) -> Iterator[str]:
    """Yield what a clip may be called."""
    yield name
    yield from (f"{name} ({number})" for number in itertools.count(2))


def _measured(run: Run, videos: Sequence[Video], state: Any) -> list[Clip]:
    """Measure videos against the run's own reference; they are stored beside its other clips."""
    from vadjax.features.scene.extract import measure_scene
    from vadjax.features.scene.reference import Reference

    reference = Reference.from_arrays(state["reference"])
    stores = {
        name: run.feature_store(s) for name, s in scene_specs(reference, run.frontend).items()
    }
    total = sum(len(video.frames) for video in videos)
    with run.console.bar("frames", total=total, unit="frames") as advance:
        measure_scene(
            videos,
            reference=reference,
            looks=run.frontend.looks,
            objects=run.frontend.objects,
            stores=stores,
            fps=state["fps"],
            num_threads=os.cpu_count() or 1,
            report=lambda p: advance(p["frames"] + total - p["total"]),
        )
    by_id = {video.id: video for video in videos}

    def read(name: str, segment: Segment) -> np.ndarray:
        return stores[name].read(by_id[segment.video_id])[segment.start : segment.stop]

    return [Clip(v.id, Units((Segment(v.id, 0, len(v.frames)),)), (v,), read) for v in videos]
