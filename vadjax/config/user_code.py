"""Running what the user wrote, such as a config file: its errors are messages, not ours."""

import contextlib
import importlib.util
import os
import pathlib
import traceback
import types
from collections.abc import Iterator

from vadjax.errors import UserError


@contextlib.contextmanager
def guarded(file: str | os.PathLike) -> Iterator[None]:
    """Turn whatever the block raises into one message with the line of the user's file.

    Args:
        file: that the code is from.

    Yields:
        Nothing.

    Raises:
        UserError: the code has failed, or has called sys.exit.
    """
    try:
        yield
    except UserError:
        raise
    except SystemExit as error:
        raise UserError(f"{file} ends the program (sys.exit, {str(error.code)[:80]}).") from None
    except Exception as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if pathlib.Path(frame.filename).name == pathlib.Path(file).name
        ]
        where = f", line {lines[-1]}" if lines else ""
        text = f"{type(error).__name__}: {str(error)[:300]}"
        raise UserError(f"{file}{where}: {text}") from error


def load(file: str | os.PathLike, name: str) -> types.ModuleType:
    """Run a Python file of the user.

    Args:
        file: its path.
        name: of the module that is made.

    Returns:
        The module.

    Raises:
        UserError: it is no Python file, or fails.
    """
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    with guarded(file):
        spec.loader.exec_module(module)
    return module
