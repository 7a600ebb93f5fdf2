"""What can be wrong with a config of a recurrent scanner by place."""

from collections.abc import Mapping
from typing import Any


def faults_of_places(flat: Mapping[str, Any]) -> list[str]:
    """Return which keys of a flat config do not go together in a recurrent scanner by place."""
    faults, name = [], flat["model.name"]
    length, lag, scored = (
        flat[key] for key in ("window.length", "model.lag", "objective.scored_rows")
    )
    if length < lag + scored:
        faults.append(
            f"window.length={length} has not the {scored} rows (objective.scored_rows) for model "
            f"{name!r} to predict with model.lag={lag}; set a longer window, or a smaller lag."
        )
    if flat["model.bidirectional"] and scored <= lag:
        faults.append(
            f"model {name!r} in two directions reads from model.lag={lag} rows after a row on, and "
            f"objective.scored_rows={scored} has none so late: set objective.scored_rows above the "
            "lag, or model.bidirectional=False."
        )
    if scored > 1 and flat["score.aggregate"] == "last":
        faults.append(
            f"objective.scored_rows={scored} scores a frame by several windows, which look ahead: "
            "set score.aggregate=mean or max, or objective.scored_rows=1."
        )
    return faults
