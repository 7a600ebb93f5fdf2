"""The program of `evaluators`: evaluates runs, a line of JSON each, until its input ends.

It ends with the process that asks, however that one ends, as the system then closes the pipe.
"""

import json
import os
import pathlib
import signal
import sys

from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.sweeps.judge import judge, share_inputs
from vadjax.sweeps.plan import Spec


def main() -> None:
    """Answer every line of the input with one line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks decides when to stop
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        devices.one_thread()
        opened: dict[str, Run] = {}
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line), opened)), file=answers, flush=True)


def answer(question: dict, opened: dict[str, Run]) -> dict | None:
    """Evaluate a run.

    Args:
        question: `config`, `workdir` and `environment` of a run whose scores are written.
        opened: a run by `plan.Spec.input_key`, with which later ones share data and baselines.

    Returns:
        `error`, "" where there is none; None where this process cannot open the run, such as one of
        a detector that only the process that asks has registered.
    """
    try:
        config = configs.of_saved(question["config"])
        devices.setup(config.features.cache_dir)
        run = Run(config, pathlib.Path(question["workdir"]), Console(quiet=True))
        run.__dict__["environment"] = question["environment"]
        key = Spec("", {}, config).input_key
        if key in opened:
            share_inputs(run, opened[key])
        else:
            opened.clear()  # those of earlier inputs can be freed
            opened[key] = run
        run.folds  # noqa: B018 - opens the data set
        run.detector  # noqa: B018
    except Exception:  # the process that asks can, or finds out why not
        return None
    try:
        judge(run)
    except UserError as error:
        return {"error": str(error)}
    except Exception as error:  # one failing run stops no other
        return {"error": f"{type(error).__name__}: {error}"}
    return {"error": ""}


if __name__ == "__main__":
    main()
