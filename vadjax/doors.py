"""What every door shares: flags in, one clear message out when the user is mistaken."""

import errno
import os
import pathlib
import re
import sys
from collections.abc import Callable

from absl import app, flags

from vadjax.errors import UserError, unknown


def run(main: Callable[[list[str]], None]) -> None:
    """Parse the flags and call `main(argv)`; exit 1 with one message on the user's mistake."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # orbax and XLA notes say nothing here

    def guarded(argv: list[str]) -> None:
        try:
            main(argv)
        except UserError as error:
            fail(str(error))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EROFS, errno.EACCES):
                raise
            fail(f"{error.strerror}: {error.filename or 'while writing'}; mend it, run again.")
        except KeyboardInterrupt:
            fail("interrupted; the same command goes on from here.", code=130)

    app.run(guarded, flags_parser=_parse)


def fail(message: str, *, code: int = 1) -> None:
    """Print `message` on standard error and exit."""
    print(f"vadjax: {message}", file=sys.stderr)
    sys.exit(code)


def _parse(argv: list[str]) -> list[str]:
    """Parse absl's flags; a wrong config file, key or value is the user's mistake."""
    try:
        return app.parse_flags_with_usage(argv)
    except (AttributeError, KeyError, TypeError, ValueError, OSError, ImportError) as error:
        fail(_explain(argv, error))
        raise


def _explain(argv: list[str], error: Exception) -> str:
    from vadjax.config import default_config, flatten

    given = re.findall(r"(?m)^--config[= ]([^:\n]+)", "\n".join(argv))
    if given and not pathlib.Path(given[-1]).is_file():
        near = sorted(str(p) for p in pathlib.Path(given[-1]).parent.glob("*.py"))
        return f"config file {given[-1]} does not exist; there: {', '.join(near) or 'no .py file'}."
    known = flatten(default_config().to_dict())
    for key in re.findall(r"(?m)^--(?:no)?config\.([\w.]+)", "\n".join(argv)):
        if key not in known:
            return str(unknown("config key", key, known))
    return f"the config could not be read: {str(error).strip().splitlines()[-1].strip()}"


def config_of(flag_values: flags.FlagValues):
    """Return the ConfigDict of --config.

    Raises:
      UserError: --config was not given.
    """
    if flag_values.config is None:
        raise UserError("give --config=FILE, such as --config=configs/synthetic_lstm.py.")
    return flag_values.config
