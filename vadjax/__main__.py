"""Video anomaly detection in JAX, honestly evaluated.

vadjax VERB [ARGUMENT ...]      the same as: python -m vadjax VERB ...

{verbs}

vadjax VERB --help shows what a verb takes. The first three commands of a newcomer:

  vadjax train synthetic_lstm                   draws its data, needs no download
  vadjax train folder_scene --data_dir=VIDEOS   videos of your own camera
  vadjax detect --workdir=runs/... NEW.mp4      scores, alarms and a page
"""

import importlib
import importlib.metadata
import sys
from types import ModuleType

from vadjax import cli
from vadjax.commands import VERBS
from vadjax.errors import unknown

HELP = ("-h", "--help", "help")


def main() -> None:
    """Run the verb that is named first on the command line."""
    with cli.messages():
        verb, *arguments = sys.argv[1:] or ["--help"]
        if verb in HELP:
            print(_help())
        elif verb == "--version":
            print(importlib.metadata.version("vadjax"))
        elif verb not in VERBS:
            raise unknown("verb", verb, VERBS)
        else:
            module = _module(verb)
            if any(argument in HELP[:2] for argument in arguments):
                print(str(module.__doc__).strip())
            else:
                module.main(arguments)


def _module(verb: str) -> ModuleType:
    return importlib.import_module(f"vadjax.commands.{verb.replace('-', '_')}")


def _help() -> str:
    lines = []
    for verb in VERBS:
        text = str(_module(verb).__doc__)
        lines.append(f"  {verb:16}{text.splitlines()[0]}")
    return str(__doc__).strip().format(verbs="\n".join(lines))


if __name__ == "__main__":
    main()
