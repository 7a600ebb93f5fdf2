"""The table of results.json: a line a model, a column a data set."""

import statistics
from collections.abc import Mapping, Sequence

import rows

WHOLE = ("ped2", "synthetic")  # sets of which intervals make sense
TITLES = {
    "sequence": "Models of pooled features",
    "pixels": "Models of pixels",
    "images": "Detectors of places",
    "labels": "Learnt from labels (Ped2)",
}


def markdown(results: Mapping[str, dict]) -> str:
    """Return the tables of all families.

    Args:
        results: "data/name/seed" -> what `run.judge` returns.

    Returns:
        Markdown.
    """
    lines = [
        "# Every model, every set",
        "",
        "Written by `python experiments/models/run.py table`.",
        "",
    ]
    for family, title in TITLES.items():
        names = [name for name, row in rows.ROWS.items() if row.family == family]
        lines += [f"## {title}", "", f"Budget: {rows.BUDGET[family]}.", ""]
        lines += ["| model | parameters | training, s | frames/s | " + " | ".join(_heads()) + " |"]
        lines += ["|---" * (4 + len(_heads())) + "|"]
        for name in names:
            found = {data: _seeds(results, data, name) for data in rows.SETS}
            if any(found.values()):
                lines.append(_line(name, found))
        lines.append("")
    return "\n".join(lines)


def _heads() -> list[str]:
    heads = []
    for data in rows.SETS:
        heads += [f"{data}, micro AUC", "macro"]
        heads += ["95 %", "scaled in each video"] if data == "ped2" else []
    return heads


def _seeds(results: Mapping[str, dict], data: str, name: str) -> list[dict]:
    """Return the lines of all seeds of a model, in order."""
    prefix = f"{data}/{name}/"
    return [results[key] for key in sorted(results) if key.startswith(prefix)]


def _line(name: str, found: Mapping[str, list[dict]]) -> str:
    first = next(seeds for seeds in found.values() if seeds)
    count = first[0]["parameters"]
    cells = [f"`{name}`", f"{count:,}" if count else "-"]
    seconds = [r["train_s"] for r in first if r["train_s"] is not None]
    cells += [f"{statistics.median(seconds):.0f}" if seconds else "-"]
    cells += [f"{statistics.median(r['frames_per_s'] for r in first):,.0f}"]
    for data, seeds in found.items():
        cells += [spread([r["auc_micro"] for r in seeds]), spread([r["auc_macro"] for r in seeds])]
        if data == "ped2":
            ends = seeds[0]["auc_micro_ci95"] if seeds else None
            cells += [" to ".join(_short(end) for end in ends) if ends else "-"]
            cells += [spread([r["auc_cropped_min_max"] for r in seeds])]
    return "| " + " | ".join(cells) + " |"


def spread(values: Sequence[float | None]) -> str:
    """Format mean and sample standard deviation, of one seed the value alone.

    >>> spread([0.5, 0.6, 0.7]), spread([0.5]), spread([])
    ('.600 ± .100', '.500', '-')
    """
    there = [value for value in values if value is not None]
    if not there:
        return "-"
    text = _short(statistics.mean(there))
    return text if len(there) < 2 else f"{text} ± {_short(statistics.stdev(there))}"


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
