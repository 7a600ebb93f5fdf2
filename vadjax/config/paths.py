"""Checks of the paths that configs name, without JAX, so that a wrong one is told of at once."""

from ml_collections import ConfigDict

from vadjax import backbones, data
from vadjax.data.paths.files import expanded
from vadjax.data.paths.object_store import is_address, listed
from vadjax.data.text.printable import printable
from vadjax.errors import UserError


def check_paths(*configs: ConfigDict) -> None:
    """Look whether data, masks and weights are where configs say; each place once.

    Raises:
        UserError: no config can be run: what it names is not there, or is something else.
    """
    seen, faults = set(), []
    for cache in {config.features.cache_dir for config in configs}:
        if (path := expanded(cache)).exists() and not path.is_dir():
            raise UserError(f"features.cache_dir={printable(path)} is a file; name a folder.")
    for config in configs:
        d, f = config.dataset, config.features
        place = (d.name, d.data_dir, d.masks_dir, d.split, d.label_version, f.backbone, f.weights)
        if place in seen:
            continue
        seen.add(place)
        try:
            if is_address(d.data_dir):  # copied when it is opened
                if not listed(d.data_dir):
                    raise UserError(f"dataset.data_dir={d.data_dir} does not exist.")
            else:
                data.check(d, cache_dir=f.cache_dir)
            backbones.check_weights(f.weights)
        except UserError as error:
            faults.append(error)
    if faults and len(faults) == len(seen):  # else some runs of a sweep can be made
        raise faults[0]
