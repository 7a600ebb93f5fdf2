"""What the commands share: parsing of flags, and one clear message where the user is mistaken."""

import contextlib
import errno
import os
import pathlib
import re
import select
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence

from absl import app, flags
from ml_collections import config_flags

from vadjax.config import default_config, flatten
from vadjax.config.renamed import upgrade_arguments
from vadjax.errors import UserError, unknown
from vadjax.runtime import processes

TYPED = tuple(sys.argv)  # `run` changes sys.argv, which the flag --config reads


def run(main: Callable[[list[str]], None], arguments: Sequence[str] | None = None) -> None:
    """Parse the flags and call `main(argv)`; exit 1 with one message on the user's mistake.

    Args:
        main: gets the name of the program and what is no flag.
        arguments: flags and, after them, other arguments; None is what was typed.
    """
    sys.argv[1:] = upgrade_arguments(sys.argv[1:] if arguments is None else arguments)

    def guarded(argv: list[str]) -> None:
        with messages():
            main(argv)

    app.run(guarded, flags_parser=_parse)


@contextlib.contextmanager
def messages() -> Iterator[None]:
    """End with one message, no traceback, where the block fails by what the user can correct."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # orbax and XLA notes say nothing here
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a damaged video has our message
    try:
        yield
        sys.stdout.flush()
    except UserError as error:
        fail(str(error))
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _reader_left():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        if error.errno not in (errno.ENOSPC, errno.EROFS, errno.EACCES):
            raise
        fail(f"{error.strerror}: {error.filename or 'while writing'}; solve it and run again.")
    except KeyboardInterrupt:
        fail("interrupted; the same command goes on from here.", code=130)
    except Exception:
        if processes.current().count > 1:
            traceback.print_exc()
            processes.exit_at_once(1)
        raise


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
    print(f"vadjax: {message}", file=sys.stderr)
    processes.exit_at_once(code)
    sys.exit(code)


def _parse(argv: list[str]) -> list[str]:
    """Parse absl's flags; a wrong config file, key or value ends with a message."""
    try:
        return flags.FLAGS(argv)
    except SystemExit:  # absl ends with 1 when it has given the help that was asked for
        sys.exit(0)
    except Exception as error:  # whatever a config file can raise
        fail(_explain(argv, error))
        raise


def _explain(argv: list[str], error: Exception) -> str:
    known = flatten(default_config().to_dict())
    for key in re.findall(r"(?m)^--(?:no)?config\.([\w.]+)", "\n".join(argv)):
        if key not in known:
            return str(unknown("config key", key, known))
    # What a config file raises comes with its traceback as text.
    if found := re.search(r"(?ms)^[\w.]*UserError: (.*)", str(error)):
        return found[1].strip()
    last = str(error).strip().splitlines()[-1].strip() if str(error).strip() else ""
    if isinstance(error, flags.Error):
        return f"{last} (--help lists the flags)"
    return f"the config could not be read: {type(error).__name__}: {last}"


def config_of(flag_values: flags.FlagValues):
    """Return the ConfigDict of --config.

    Raises:
        UserError: --config was not given, or names no file.
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
    return flag_values.config
