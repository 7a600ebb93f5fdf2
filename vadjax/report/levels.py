"""What detector `scene` reaches on known data, for the pages of detectors that reach less."""

from collections.abc import Mapping
from typing import NamedTuple

from vadjax.report import wording


class Level(NamedTuple):
    """A measured result.

    Attributes:
        config: that gives it.
        auc_micro: of the frames, on the official test clips, all of them.
    """

    config: str
    auc_micro: float


DRAWN = ("seed", "num_train", "num_test", "num_frames", "height", "width")  # 0: as shipped
# As docs/results.md has them; tests/report/test_levels.py compares the two.
LEVELS = {"ucsd_ped2": Level("ped2_scene", 0.957), "synthetic": Level("synthetic_scene", 0.874)}


def better(metrics: Mapping, config: Mapping) -> Level | None:
    """Return what detector `scene` reaches on the same test clips, where that is more.

    Args:
        metrics: the dict of metrics.json.
        config: of the run, nested.

    Returns:
        The level; None where the run is of that detector, of another split or drawing, or not of
        the whole data set, or where it reaches as much.
    """
    level = LEVELS.get(str(metrics.get("dataset")))
    own = wording.lookup(metrics, "frame.auc_micro")
    same = (
        metrics.get("protocol") == "one_class"
        and not metrics.get("coverage")
        and not any(wording.lookup(config, f"dataset.{key}") for key in DRAWN)
        and wording.lookup(metrics, "detector.name") != "scene"
    )
    return level if level and same and own is not None and own < level.auc_micro else None
