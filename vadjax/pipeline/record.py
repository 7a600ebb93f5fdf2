"""What config.json and data.json say of a run: the settings and videos that its files are made of.

A setting that may change between two commands on one workdir belongs to one stage. It is recorded
when that stage is done with it, and until then the record is that of what lies there.
"""

from collections.abc import Collection, Sequence

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.data.paths.fingerprints import fingerprint_before
from vadjax.errors import UserError
from vadjax.pipeline import truth
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import write_json


def check(run: Run, stages: Sequence[str]) -> None:
    """Refuse settings that what lies in the workdir was not made with, and that nothing will be.

    Args:
        run: on an opened workdir.
        stages: that are about to be run.

    Raises:
        UserError: fewer epochs are asked than were trained, or a stage is to be run on the files of
            another that was done with other settings or labels and is not run again.
    """
    if not (run.workdir / "config.json").exists():
        return
    truth.check(run, stages)
    saved, trained = _saved(run), most_epochs(run)
    if run.config.train.epochs < trained:
        raise UserError(
            f"{run.workdir} was trained for {trained} epochs already, and "
            f"train.epochs={run.config.train.epochs} asks for fewer: give train.epochs={trained} "
            "or more, or another --workdir."
        )
    last = max(configs.STAGES.index(stage) for stage in stages)
    for stage in configs.STAGES[:last]:
        if stage in stages or not artifacts.is_done(run.workdir, stage):
            continue
        if keys := configs.differing(saved, run.config, stage):
            flat = configs.flatten(saved.to_dict()), configs.flatten(run.config.to_dict())
            lines = [f"  {k}: {flat[0][k]!r} there, {flat[1][k]!r} asked" for k in keys]
            raise UserError(
                f"the stage {stage} was done with other settings in {run.workdir}:\n"
                + "\n".join(lines)
                + f"\nRun --stage={stage} with these first, leave --stage out, or give the same "
                "values."
            )


def claim(run: Run, *, done: Collection[str] | None = None) -> None:
    """Bind the workdir to the run's config and videos; what is done keeps its settings.

    Args:
        run: on an opened workdir.
        done: stages whose recorded settings stay; None: those whose result lies in the workdir.

    Raises:
        UserError: the workdir holds a run on other videos.
    """
    if done is None:
        done = [stage for stage in configs.STAGES if artifacts.is_done(run.workdir, stage)]
    if done and not (run.workdir / "config.json").exists():
        raise UserError(
            f"{run.workdir} holds results of a run, but no config.json that says of which; give "
            "another --workdir, or remove this one."
        )
    recorded, videos = _composed(run, done) if done else run.config, run.videos
    workdirs.claim(
        run.workdir,
        config=recorded.to_dict(),
        identity=configs.identity(run.config),
        data_dir=run.config.dataset.data_dir,
        videos={name: video.fingerprint for name, video in videos.items()},
        truth=truth.recorded(run, done),
        added={one.video.id: one.video.fingerprint for one in run.added},
        frame_sizes=[
            v.frames.shape for v in run.dataset.train or run.dataset.test if v.frames.pictures
        ],
        before=lambda name: fingerprint_before(videos[name].frames.files, videos[name].fingerprint),
    )
    if not (run.workdir / "environment.json").exists():
        write_json(run.workdir / "environment.json", run.environment)


def before_stage(run: Run, stage: str) -> None:
    """Record the settings of a stage, whose result with other settings is removed first.

    Args:
        run: on its workdir.
        stage: that is about to be run.
    """
    truth.before_stage(run, stage)
    if artifacts.is_done(run.workdir, stage):
        if not configs.differing(_saved(run), run.config, stage):
            return
        artifacts.forget(run.workdir, stage)
    _record(run, [stage])


def before_training_ends(run: Run) -> None:
    """Record the settings of a training, before its first detector replaces an earlier one."""
    artifacts.forget(run.workdir, "train")
    if (run.workdir / "config.json").exists():  # a sweep writes it when the run is done
        _record(run, ["extract", "train"])
    write_json(run.workdir / "environment.json", run.environment)


def after_training(run: Run) -> None:
    """Take the recorded settings of the training for this run's, whether or not it trained now."""
    if not (run.workdir / "config.json").exists():
        return
    saved, trained = _saved(run), most_epochs(run)
    if saved.train.epochs < trained:  # an earlier command ended before it could record them
        _record(run, ["train"])
    run.config.train.epochs = max(saved.train.epochs, trained)


def most_epochs(run: Run) -> int:
    """Return the epochs done in the longest of the run's trainings; 0 without any."""
    return max(artifacts.epochs_trained(run.workdir), default=0)


def _saved(run: Run) -> ConfigDict:
    return configs.of_saved(workdirs.read_config(run.workdir))


def _composed(run: Run, kept: Collection[str]) -> ConfigDict:
    """Return the run's config with the settings of some stages as they are recorded."""
    flat = configs.flatten(_saved(run).to_dict())
    made = run.config.copy_and_resolve_references()
    name = run.config.detector.name
    own = {key: value for key, value in flat.items() if configs.stage_of(key, name) in kept}
    made.update_from_flattened_dict(own)
    return made


def _record(run: Run, stages: Collection[str]) -> None:
    """Write the settings of some stages into config.json."""
    made = _composed(run, [stage for stage in configs.STAGES if stage not in stages])
    workdirs.write_config(run.workdir, config=made.to_dict(), identity=configs.identity(run.config))
