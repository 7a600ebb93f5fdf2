"""List what can be named: data sets, models, detectors, backbones, configs.

vadjax list [KIND [NAME ...]]

  vadjax list
  vadjax list backbones resnet50 convnext_tiny

KIND  one of: datasets protocols models objectives detectors backbones configs
      sweeps keys; all but the keys of a config if none is given
NAME  backbones: parameters, width of the features, input size, GFLOP, licence
      and checkpoint of these
"""

import textwrap
from collections.abc import Sequence

from vadjax import backbones
from vadjax.config import default_config, flatten, shipped
from vadjax.config.choices import choices
from vadjax.errors import UserError, unknown

KEYS = "keys"


def main(arguments: Sequence[str]) -> None:
    """Print names, or a table of backbones."""
    names = listing()
    if not arguments:
        del names[KEYS]  # long
        for kind, members in names.items():
            print(f"{kind}:\n{textwrap.indent(textwrap.fill(', '.join(members), 86), '  ')}")
        return
    kind, *wanted = arguments
    if kind not in names:
        raise unknown("kind", kind, names)
    for name in wanted:
        if name not in names[kind]:
            raise unknown(kind.removesuffix("s"), name, names[kind])
    if not wanted:
        print("\n".join(names[kind]))
    elif kind != "backbones":
        raise UserError(f"names are taken after backbones alone: vadjax list {kind}.")
    else:
        _describe(wanted)


def listing() -> dict[str, Sequence[str]]:
    """Return the names of each kind; JAX is not imported."""
    known = choices()
    return {
        "datasets": known["dataset.name"],
        "protocols": known["dataset.protocol"],
        "models": known["model.name"],
        "objectives": known["objective.name"],
        "detectors": known["detector.name"],
        "backbones": backbones.list_backbones(),
        "configs": shipped.names(),
        "sweeps": shipped.names("sweeps"),
        KEYS: [f"{key}={value!r}" for key, value in flatten(default_config().to_dict()).items()],
    }


def _describe(names: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from vadjax.backbones.describe import COLUMNS, describe
    from vadjax.runtime import devices

    devices.setup()
    table = Table(*COLUMNS)
    for name in names:
        row = describe(name)
        table.add_row(*(str(row.get(column, "")) for column in COLUMNS))
    Console().print(table)
