"""The config of a finished run, as today's version reads it."""

import functools
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from vadjax.config.defaults import default_config, flatten
from vadjax.config.renamed import BEFORE, upgrade
from vadjax.config.value_checks import faults_of_values
from vadjax.errors import UserError


def of_saved(saved: Mapping) -> ConfigDict:
    """Return a run's config on top of today's defaults, by today's names.

    Args:
        saved: the nested config of a run's config.json. A key that is younger than the run has its
            default, or what such runs did (`BEFORE`), and a key that is gone is left out.

    Raises:
        UserError: a value is of another kind than its key: the file is damaged.
    """
    config = default_config_before()
    for key, value in known_values(saved).items():
        section, _, name = key.rpartition(".")
        as_typed = tuple(value) if isinstance(_known()[key], tuple) else value
        (config[section] if section else config)[name] = as_typed
    return config


def known_values(saved: Mapping) -> dict[str, Any]:
    """Return a run's values by today's flat names, without keys that are gone.

    Args:
        saved: as in `of_saved`.

    Raises:
        UserError: as `of_saved`.
    """
    known = _known()
    values = {key: value for key, value in upgrade(flatten(saved)).items() if key in known}
    if faults := faults_of_values({**known, **values}, known):
        raise UserError(
            f"the run's config.json is damaged: {faults[0]} Restore the file, or train again."
        )
    return values


@functools.cache
def _known() -> dict[str, Any]:
    return flatten(default_config_before().to_dict())


def default_config_before() -> ConfigDict:
    """Return the defaults, but of younger keys what runs did before these were there."""
    config = default_config()
    config.update_from_flattened_dict(BEFORE)
    return config
