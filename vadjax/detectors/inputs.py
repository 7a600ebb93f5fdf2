"""Names of what detectors read of a clip, and which of them are taps of the backbone."""

from collections.abc import Iterable

from vadjax.errors import unknown

TAP = "tap:"  # before the name of a tap
INPUTS = ("features", "motion", "cells", "windows", "objects", f"{TAP}NAME")


def taps_of(inputs: Iterable[str], *, features: str) -> dict[str, str]:
    """Return the inputs that the backbone makes, with the tap of each.

    Args:
        inputs: of a detector.
        features: the tap of the input "features", `features.tap` of the config.

    Returns:
        Name of the input -> tap; empty where the backbone is not read. Two inputs may be one tap.

    Raises:
        UserError: a name that is no input.

    >>> taps_of(["features", "tap:stage3", "motion"], features="map")
    {'features': 'map', 'tap:stage3': 'stage3'}
    """
    found = {}
    for name in inputs:
        if name == "features":
            found[name] = features
        elif name.startswith(TAP):
            found[name] = name.removeprefix(TAP)
        elif name not in INPUTS:
            raise unknown("input of a detector", name, INPUTS)
    return found
