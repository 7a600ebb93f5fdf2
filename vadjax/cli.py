"""What the commands share: parsing of flags, and one clear message where the user is mistaken."""

import contextlib
import io
import logging as std_logging
import os
import pathlib
import re
import select
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence

from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags

from vadjax.config import default_config, flatten, meant, unknown_key
from vadjax.config.renamed import upgrade_arguments
from vadjax.data.paths.object_store import is_address
from vadjax.errors import UserError, system_message
from vadjax.launchers.choose import LAUNCHERS
from vadjax.runtime import crash, devices, interrupt, processes

TYPED = tuple(sys.argv)  # `run` changes sys.argv, which the flag --config reads


def run(main: Callable[[list[str]], None], arguments: Sequence[str] | None = None) -> None:
    """Parse the flags and call `main(argv)`; exit 1 with one message on the user's mistake.

    Args:
        main: gets the name of the program and what is no flag.
        arguments: flags and, after them, other arguments; None is what was typed.
    """
    sys.argv[1:] = upgrade_arguments(sys.argv[1:] if arguments is None else arguments)

    def watched(argv: list[str]) -> None:
        crash.watch()  # after absl's own handler of crashes
        main(argv)

    with messages():
        app.run(watched, flags_parser=_parse)


def define_output_flags(module: str) -> tuple[flags.FlagHolder, flags.FlagHolder]:
    """Define --quiet and --verbose.

    Args:
        module: whose flags they are.

    Returns:
        The two flags.
    """
    if module == "__main__":  # as absl names the module that is run
        module = sys.argv[0]
    quiet = "Print nothing but errors; run.log has what would be printed."
    verbose = "Print details, and the time before each line."
    return (
        flags.DEFINE_bool("quiet", False, quiet, module_name=module),
        flags.DEFINE_bool("verbose", False, verbose, module_name=module),
    )


def define_launcher_flags(module: str) -> tuple[flags.FlagHolder, flags.FlagHolder]:
    """Define --launcher and --launcher_options.

    Args:
        module: whose flags they are.

    Returns:
        The two flags.
    """
    if module == "__main__":
        module = sys.argv[0]
    options = "ray: address=auto,retries=3; slurm: slurm_partition=gpu,timeout_min=600,max_jobs=16"
    return (
        flags.DEFINE_enum(
            "launcher", "local", LAUNCHERS, "Where the work is done.", module_name=module
        ),
        flags.DEFINE_string("launcher_options", "", options, module_name=module),
    )


@contextlib.contextmanager
def messages() -> Iterator[None]:
    """End with one message, no traceback, where the block fails by what the user can correct."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # orbax and XLA notes say nothing here
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a damaged video has our message
    # Without a home folder it says where it keeps its fonts.
    std_logging.getLogger("matplotlib").setLevel(std_logging.ERROR)
    _print_any_character()
    try:
        with interrupt.watched():
            try:
                yield
                sys.stdout.flush()
            except KeyboardInterrupt:
                interrupt.end()
    except UserError as error:
        fail(str(error))
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _reader_left():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        if (text := system_message(error)) is None:
            raise
        fail(text)
    except Exception as error:
        if text := _of_machine(error):
            fail(text)
        if processes.current().count > 1:
            traceback.print_exc()
            processes.exit_at_once(1)
        raise


def _print_any_character() -> None:
    """Let standard output and error replace what their encoding lacks, in place of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _of_machine(error: Exception) -> str:
    """Return the message for an error that says something of the machine, or ""."""
    text = str(error)
    if isinstance(error, RuntimeError) and "home directory" in text:
        return (
            "the home folder is not known: set the variable HOME, or write paths without ~ and "
            "give --config.features.cache_dir=FOLDER."
        )
    if "initialize backend" in text or "Unknown backend" in text:
        return devices.absent_platform(error)
    if isinstance(error, MemoryError):
        return "the memory is used up; close other programs, or lower the batch sizes."
    return ""


def _reader_left() -> bool:
    """Return whether nobody reads standard output any more, as after `| head`."""
    waiting = select.poll()
    waiting.register(sys.stdout, select.POLLOUT)
    return any(event & select.POLLERR for _, event in waiting.poll(0))


def command() -> str:
    """Return the command that was typed, as a person would type it again."""
    program = pathlib.Path(TYPED[0])
    module = "vadjax" if program.stem == "__main__" else f"vadjax.{program.stem}"
    start = ["python", "-m", module] if program.suffix == ".py" else ["vadjax"]
    return shlex.join([*start, *TYPED[1:]])


def fail(message: str, *, code: int = 1) -> None:
    """Print a message on standard error and exit.

    Args:
        message: one sentence or more.
        code: the status of the process.
    """
    with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
        print(f"vadjax: {message}", file=sys.stderr)
    processes.exit_at_once(code)
    sys.exit(code)


def _parse(argv: list[str]) -> list[str]:
    """Parse absl's flags; a wrong config file, key or value ends with a message."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)  # a get_config without a return is told of below
    try:
        return flags.FLAGS(argv)
    except SystemExit as error:
        if any(re.fullmatch(r"--?(no)?help(full|short|xml)?(=.*)?|-\?", text) for text in argv):
            sys.exit(0)  # absl ends with 1 when it has given the help that was asked for
        fail(
            f"the config ends the program (sys.exit, {str(error.code)[:80]}); get_config has to "
            "return a config."
        )
        raise
    except Exception as error:  # whatever a config file can raise
        fail(_explain(argv, error))
        raise
    finally:
        logging.set_verbosity(verbosity)


def _explain(argv: list[str], error: Exception) -> str:
    known = flatten(default_config().to_dict())
    for key in re.findall(r"(?m)^--(?:no)?config\.([\w.]+)", "\n".join(argv)):
        if key not in known:
            return str(unknown_key(key, known))
    # What a config file raises comes with its traceback as text.
    if found := re.search(r"(?ms)^[\w.]*UserError: (.*)", str(error)):
        return found[1].strip()
    last = str(error).strip().splitlines()[-1].strip() if str(error).strip() else ""
    if isinstance(error, flags.UnrecognizedFlagError) and "config" in flags.FLAGS:
        key = meant(error.flagname, known)
        if key:
            return f"flag --{error.flagname} unknown; write --config.{key}=VALUE."
    if isinstance(error, flags.Error):
        return f"{last} (--help lists the flags)"
    if isinstance(error, AttributeError) and (key := _assigned(error)):
        return f"the config could not be read: {unknown_key(key, known)}"
    return f"the config could not be read: {type(error).__name__}: {last[:500]}"


def _assigned(error: AttributeError) -> str:
    """Return the key that a config file sets or reads although it does not exist, or ""."""
    missing = re.search(r"[\"'](\w+)[\"']", str(error))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for key in re.findall(r"\b\w+\.((?:\w+\.)*\w+)", frame.line or ""):
            if missing and key.rpartition(".")[2] == missing[1]:
                return key
    return ""


def config_of(flag_values: flags.FlagValues) -> ConfigDict:
    """Return the ConfigDict of --config.

    Raises:
        UserError: --config was not given, names no file, or its get_config returns no config.
    """
    try:
        name = config_flags.get_config_filename(flag_values["config"])
    except (AttributeError, ValueError, flags.Error):
        text = "give --config=FILE, such as --config=configs/synthetic_lstm.py."
        raise UserError(text) from None
    file = pathlib.Path(name.split(":")[0])
    if not file.is_file():
        near = ", ".join(sorted(str(path) for path in file.parent.glob("*.py")))
        raise UserError(f"config file {file} does not exist; there: {near or 'no .py file'}.")
    config = flag_values.config
    if not isinstance(config, ConfigDict):
        if hasattr(type(config), "_ReportError"):  # ml_collections keeps what open() raised
            raise UserError(f"{file}: get_config fails ({vars(config).get('_error')}).")
        raise UserError(
            f"{file}: get_config returns {type(config).__name__}; wanted the ConfigDict of "
            "vadjax.config.default_config(), with what differs set."
        )
    return config


def run_folder(text: str) -> pathlib.Path:
    """Return the folder of a run that was typed; of one in an object store, its local copy."""
    if not is_address(text):
        return path_of(text)
    from vadjax.storage.run_store import pull_run

    return pull_run(text, cache_dir=path_of(default_config().features.cache_dir))


def path_of(text: str) -> pathlib.Path:
    """Return a path that was typed; ~ is the home folder, wherever the shell left it."""
    return pathlib.Path(text).expanduser()


def folder_of(text: str | os.PathLike, *, flag: str) -> pathlib.Path:
    """Return a folder that was typed, to be written to; it need not be there.

    Args:
        text: as it was typed; ~ is the home folder.
        flag: by which it was given, for the message.

    Returns:
        The path.

    Raises:
        UserError: it is a file, or lies below one.
    """
    folder = pathlib.Path(text).expanduser()
    there = next((each for each in (folder, *folder.parents) if each.exists()), None)
    if there and not there.is_dir():
        raise UserError(f"{there} is a file; give {flag}=FOLDER.")
    return folder
