"""Labels and masks of a run: data.json has a hash of each clip's, and a change is noticed.

What a run was trained with may not change. Test clips whose labels changed are scored again, and
those whose masks changed are explained again, before anything is made of the results.
"""

import hashlib
from collections.abc import Collection, Sequence

import numpy as np

from vadjax import config as configs
from vadjax.data.text.lists import some
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts
from vadjax.storage import workdir as workdirs

STAGE_OF = {"labels": "score", "masks": "explain"}  # the first stage whose result holds them


def check(run: Run, stages: Sequence[str]) -> None:
    """Say that labels or masks changed since they were used; refuse where a result would be mixed.

    Args:
        run: on an opened workdir.
        stages: that are about to be run.

    Raises:
        UserError: the detector was trained with other labels, or a stage is to be run on the files
            of another one that was done with others and is not run again.
    """
    last = max(configs.STAGES.index(stage) for stage in stages)
    for kind, stage in STAGE_OF.items():
        ids = _changed(run, kind)
        if not ids:
            continue
        if kind == "labels" and artifacts.is_done(run.workdir, "train"):
            _check_trained(run, ids)
        if not artifacts.is_done(run.workdir, stage):
            continue
        said = f"the {kind} of {len(ids)} clips changed since the stage {stage}: {some(ids)}"
        if stage not in stages and configs.STAGES.index(stage) < last:
            raise UserError(
                f"{said}. Run --stage={stage} first, or leave --stage out; results would be of "
                f"two kinds of {kind}."
            )
        again = "it is done again" if stage in stages else f"--stage={stage} does it again"
        run.console.say(f"  note: {said}; {again}")


def recorded(run: Run, done: Collection[str]) -> dict[str, dict[str, str]]:
    """Return what data.json is to say: of what is done as it says already, else as it is now.

    Args:
        run: on an opened workdir.
        done: stages whose results stay as they are.

    Returns:
        Kind of truth -> id -> hash; "" where a clip has none.
    """
    saved = workdirs.read_truth(run.workdir)
    return {
        kind: saved[kind] if stage in done and kind in saved else _now(run, kind)
        for kind, stage in STAGE_OF.items()
    }


def before_stage(run: Run, stage: str) -> None:
    """Record what a stage is about to use, whose result with other labels or masks is removed.

    Args:
        run: on its workdir.
        stage: that is about to be run.
    """
    for kind, first in STAGE_OF.items():
        if first == stage and _changed(run, kind):
            artifacts.forget(run.workdir, stage)
            workdirs.write_truth(run.workdir, {kind: _now(run, kind)})


def _check_trained(run: Run, ids: Sequence[str]) -> None:
    used = {video.id for video in run.dataset.train}
    for fold in run.folds:
        for units in (fold.train, fold.validation, fold.calibration):
            used |= {segment.video_id for segment in units.segments}
    if trained := [name for name in ids if name in used]:
        raise UserError(
            f"{run.workdir} was trained with other labels: those of {len(trained)} clips that it "
            f"was trained on changed since ({some(trained)}). Give another --workdir, or the "
            "labels of before."
        )


def _changed(run: Run, kind: str) -> list[str]:
    """Return the ids whose labels or masks are others than data.json says."""
    saved = workdirs.read_truth(run.workdir).get(kind)
    if saved is None:  # a run of before it was recorded
        return []
    now = _now(run, kind)
    return sorted(name for name in now if name in saved and saved[name] != now[name])


def _now(run: Run, kind: str) -> dict[str, str]:
    if kind != "labels":
        return {name: _hash_of_masks(video) for name, video in run.videos.items()}
    hashed = {name: _hash_of_labels(video) for name, video in run.videos.items()}
    if not run.config.objective.classes:
        return hashed
    return {name: f"{own} {_hash_of_classes(run.videos[name])}" for name, own in hashed.items()}


def _hash_of_classes(video: Video) -> str:
    digest = hashlib.sha256("\n".join(video.classes).encode())
    for kind, frames in sorted(video.metadata.get("kinds", {}).items()):
        digest.update(kind.encode() + np.packbits(np.asarray(frames) > 0).tobytes())
    return digest.hexdigest()[:16]


def _hash_of_labels(video: Video) -> str:
    labels = video.labels if video.timeline is None else video.timeline.labels
    if labels is None:
        return "" if video.video_label is None else f"video {video.video_label}"
    digest = hashlib.sha256(labels.tobytes())
    for name, frames in sorted(video.metadata.get("annotations", {}).items()):
        digest.update(name.encode() + np.packbits(frames > 0).tobytes())
    return digest.hexdigest()[:16]


def _hash_of_masks(video: Video) -> str:
    return "" if video.masks is None else video.masks.fingerprint[:16]
