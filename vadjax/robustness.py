"""Measure what noise, light, blur, compression and an attack do to a run's figures.

python -m vadjax.robustness --workdir=runs/ped2_lstm-1a2b3c4d5e [--kinds=noise,blur]

Alters the test videos of the run, scores them by its detector, and writes robustness.json and
robustness.png into --out.
"""

from absl import flags

from vadjax import cli
from vadjax.errors import UserError
from vadjax.storage.workdir import read_config

_WORKDIR = flags.DEFINE_string("workdir", "", "Folder of a finished run (vadjax train).")
_OUT = flags.DEFINE_string("out", "", "Where the results go; default WORKDIR/robustness.")
_KINDS = flags.DEFINE_list(
    "kinds", [], "Of noise, darker, brighter, blur, jpeg, fgsm; default all that can be computed."
)
_QUIET, _VERBOSE = cli.define_output_flags(__name__)


def main(argv: list[str]) -> None:
    """Check the arguments, then alter and score."""
    if not _WORKDIR.value:
        raise UserError("give --workdir=DIR, the folder of a finished run (vadjax train).")
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; flags begin with --.")
    workdir = cli.path_of(_WORKDIR.value)
    read_config(workdir)
    out = cli.folder_of(_OUT.value, flag="--out") if _OUT.value else None

    from vadjax.pipeline.robustness import robustness

    robustness(
        workdir,
        kinds=_KINDS.value,
        out=out,
        command=cli.command(),
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )


if __name__ == "__main__":
    cli.run(main)
