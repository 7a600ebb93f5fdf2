"""Train and evaluate a detector: the main command of vadjax.

python -m vadjax.main --config=configs/avenue_lstm.py --config.dataset.data_dir=/data/Avenue_Dataset

Every stage resumes: run the same command again after a crash, and only what is missing is done.
"""

import pathlib

from absl import flags
from ml_collections import ConfigDict, config_flags

from vadjax import cli, data
from vadjax import config as configs
from vadjax.config.paths import check_paths
from vadjax.data.paths.object_store import check_address
from vadjax.errors import UserError

STAGES = ("all", "extract", "train", "score", "evaluate", "explain", "report")

config_flags.DEFINE_config_file(
    "config", None, "Config file, such as configs/ped2_lstm.py; keys: --config.train.epochs=5."
)
_WORKDIR = flags.DEFINE_string("workdir", "", "Folder of the run; default runs/<config>-<hash>.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator", "", "Several processes: host:port of the first; auto or none (docs/scaling.md)."
)
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", 0, "Several processes: how many.")
_PROCESS_ID = flags.DEFINE_integer("process_id", -1, "Several processes: this one, from 0.")
_DETERMINISTIC = flags.DEFINE_bool(
    "deterministic", False, "The same bits on any number of cores: one thread on a CPU, slower."
)
_SKIP_BROKEN = flags.DEFINE_bool(
    "skip_broken", False, "Leave out videos that cannot be read, and say which."
)
_ADD = flags.DEFINE_multi_string(
    "add", [], "Further normal clips for the trained detector of the workdir; may be repeated."
)
_SEEDS = flags.DEFINE_integer(
    "seeds", 1, "Train so many seeds in one program; the workdir is a sweep's.", lower_bound=1
)
_PUSH = flags.DEFINE_string(
    "push", "", "Address in an object store (s3://bucket/runs) below which the finished run goes."
)
_LAUNCHER, _LAUNCHER_OPTIONS = cli.define_launcher_flags(__name__)
_QUIET, _VERBOSE = cli.define_output_flags(__name__)
_STAGE = flags.DEFINE_enum("stage", "all", STAGES, "One stage alone, from what is on disk.")


def main(argv: list[str]) -> None:
    """Check the config, choose the workdir, run the stages."""
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; flags begin with --.")
    config = configs.validate(cli.config_of(flags.FLAGS), inputs=False)
    if _SKIP_BROKEN.value:
        config.dataset.skip_broken = True
    name = pathlib.Path(config_flags.get_config_filename(flags.FLAGS["config"]).split(":")[0]).stem
    check_paths(config)
    for address in filter(None, (config.features.mirror, _PUSH.value)):
        check_address(address)
    configs.validate(config)
    own = data.builder(config.dataset.name).identity(config.dataset)
    more = {key: value for key, value in own.items() if configs.is_free(f"dataset.{key}")}
    default = f"runs/{name}-{configs.run_hash(config, **more)}"

    if _SEEDS.value > 1:
        seeds = cli.folder_of(_WORKDIR.value or f"{default}-seeds", flag="--workdir")
        _train_seeds(config, seeds)
        return
    workdir = cli.folder_of(_WORKDIR.value or default, flag="--workdir")

    from vadjax.fleet.extraction import spread_by
    from vadjax.launchers.choose import choose_launcher
    from vadjax.pipeline import stages
    from vadjax.runtime import devices, processes

    launcher = choose_launcher(_LAUNCHER.value, _LAUNCHER_OPTIONS.value, folder=workdir)
    if launcher is not None and (_COORDINATOR.value or _ADD.value):
        raise UserError("--launcher does not go with --coordinator or --add.")
    if _DETERMINISTIC.value:
        devices.one_thread()
    devices.setup(config.features.cache_dir)
    processes.connect(
        _COORDINATOR.value, num_processes=_NUM_PROCESSES.value, process_id=_PROCESS_ID.value
    )
    command = cli.command()
    metrics = stages.run(
        config,
        workdir,
        stage=_STAGE.value,
        add=_ADD.value,
        skip_broken=_SKIP_BROKEN.value,
        spread=None if launcher is None else spread_by(launcher),
        command=command,
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )
    if _PUSH.value and metrics is not None and processes.is_first():
        from vadjax.storage.run_store import push_run

        address = f"{_PUSH.value.rstrip('/')}/{workdir.name}"
        count = push_run(workdir, address)
        if not _QUIET.value:
            print(f"{count} files copied to {address}")


def _train_seeds(config: ConfigDict, workdir: pathlib.Path) -> None:
    """Train the config under several seeds, as a sweep."""
    for name, given in (
        ("stage", _STAGE.value != "all"),
        ("add", _ADD.value),
        ("coordinator", _COORDINATOR.value),
        ("deterministic", _DETERMINISTIC.value),
        ("launcher", _LAUNCHER.value != "local"),
    ):
        if given:
            raise UserError(f"--{name} does not go with --seeds: several seeds are a sweep.")
    from vadjax.sweeps.command import run_command
    from vadjax.sweeps.seeds import seeds_of

    run_command(
        seeds_of(config, _SEEDS.value),
        workdir,
        push=f"{_PUSH.value.rstrip('/')}/{workdir.name}" if _PUSH.value else "",
        command=cli.command(),
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )


if __name__ == "__main__":
    cli.run(main)
