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

from vadjax import backbones, data
from vadjax.config import default_config, flatten, shipped
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.detectors import DETECTORS
from vadjax.errors import UserError, unknown
from vadjax.models import MODELS, OBJECTIVES

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
        width = 2 + max(map(len, names[kind]))
        for name, title in names[kind].items():
            print(f"{name:{width}}{title}".rstrip())
    elif kind != "backbones":
        raise UserError(f"names are taken after backbones alone: vadjax list {kind}.")
    else:
        _describe(wanted)


def listing() -> dict[str, dict[str, str]]:
    """Return kind -> name -> title, empty where the name says all; JAX is not imported."""
    return {
        "datasets": {name: data.builder(name).title for name in data.DATASETS},
        "protocols": {name: protocol.title for name, protocol in PROTOCOLS.items()},
        "models": {name: model.title for name, model in MODELS.items()},
        "objectives": {name: objective.title for name, objective in OBJECTIVES.items()},
        "detectors": {name: detector.title for name, detector in DETECTORS.items()},
        "backbones": dict.fromkeys(backbones.list_backbones(), ""),
        "configs": {name: shipped.summary(name) for name in shipped.names()},
        "sweeps": {name: shipped.summary(name, under="sweeps") for name in shipped.names("sweeps")},
        KEYS: {key: repr(value) for key, value in flatten(default_config().to_dict()).items()},
    }


def _describe(names: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    from vadjax.backbones.describe import COLUMNS, describe
    from vadjax.runtime import devices

    devices.setup()
    devices.check()
    table = Table(*COLUMNS)
    for name in names:
        row = describe(name)
        table.add_row(*(str(row.get(column, "")) for column in COLUMNS))
    Console().print(table)
