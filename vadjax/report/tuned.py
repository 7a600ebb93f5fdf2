"""What `vadjax tune` found, for the terminal."""

from typing import Any

import numpy as np


def table(result: dict[str, Any]) -> Any:
    """Return the figures of all sets as a table for the terminal.

    Args:
        result: what tune.json holds.

    Returns:
        A table of rich.
    """
    from rich.table import Table

    kinds = [kind for kind in result["clips"] if not kind.endswith("_first")]
    shown = Table(title="AUC against held-out normal frames, by pseudo-anomaly")
    shown.add_column("cues", no_wrap=True)
    shown.add_column("mean")
    for kind in kinds:
        shown.add_column(kind.replace("_", "\n"), justify="right")
    for row in result["sets"]:
        mark = " *" if row["cues"] == result["recommended"] else ""
        figures = []
        for kind in kinds:
            both = [row["auc"][k] for k in (kind, f"{kind}_first") if k in row["auc"]]
            figures.append(f"{np.mean(both):.3f}")
        shown.add_row("+".join(row["cues"]) + mark, f"{row['mean']:.3f}", *figures)
    return shown


def words(result: dict[str, Any]) -> list[str]:
    """Say what is recommended and why.

    Args:
        result: what tune.json holds.

    Returns:
        Lines.
    """
    cues, gain, error = (result[k] for k in ("recommended", "gain", "gain_standard_error"))
    margin = f"{gain:.3f}, standard error {error:.3f}"
    lines = []
    if "reversed" in result["kinds_left_out"]:
        lines.append("no place where all go one way was found: nothing was reversed")
    if cues != result["present"]:
        lines.append(f"recommended: scene.cues={','.join(cues)} (better by {margin})")
    elif result["best"] == cues:
        lines.append("recommended: the cues as they are; no other set is better")
    else:
        lines.append(
            f"recommended: the cues as they are; {'+'.join(result['best'])} is better by {margin}, "
            "which may be chance"
        )
    return lines
