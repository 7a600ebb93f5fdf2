"""The config of a finished run, as today's version reads it."""

from collections.abc import Mapping

from ml_collections import ConfigDict

from vadjax.config.defaults import default_config, flatten
from vadjax.config.renamed import upgrade


def of_saved(saved: Mapping) -> ConfigDict:
    """Return a run's config on top of today's defaults, by today's names.

    Args:
        saved: the nested config of a run's config.json. A key that is younger than the run has its
            default, and a key that is gone is left out.
    """
    config = default_config()
    known = flatten(config.to_dict())
    for key, value in upgrade(flatten(saved)).items():
        if key in known:
            section, _, name = key.rpartition(".")
            as_typed = tuple(value) if isinstance(known[key], tuple) else value
            (config[section] if section else config)[name] = as_typed
    return config
