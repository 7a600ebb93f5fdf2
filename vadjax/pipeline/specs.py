"""What the rows of each input depend on: the fingerprints of their stores are made of it."""

from collections.abc import Mapping
from typing import Any


def tap_specs(backbone: Any, taps: Mapping[str, str], *, detector: str) -> dict[str, dict]:
    """Describe the rows of each tap of the backbone that a detector reads.

    Args:
        backbone: the network.
        taps: name of the input -> tap.
        detector: its name, for messages.

    Returns:
        Tap -> what JSON can hold, the same whichever detector reads it.

    Raises:
        UserError: the backbone has no such tap, or its weights no classifier.
    """
    from vadjax.features.extractor import check_tap, features_spec

    for name, tap in taps.items():
        of = "features.tap" if name == "features" else f"detector {detector}: tap"
        check_tap(backbone, tap, what=of)
    return {tap: features_spec(backbone, tap=tap) for tap in taps.values()}


def scene_specs(reference: Any, frontend: Any) -> dict[str, dict]:
    """Describe the rows of each input of detector scene.

    Args:
        reference: of the camera.
        frontend: the `detectors.frontend.Frontend` of the run.

    Returns:
        Name of the input -> what JSON can hold.
    """
    from vadjax.features.scene import rows

    looks = {"backbone": frontend.looks.backbone.spec(), "tap": frontend.looks.tap}
    return rows.scene_specs(reference, looks=looks, objects=frontend.objects)
