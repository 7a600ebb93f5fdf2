"""Turns the finished runs of the grid into rows per detector, protocol and data set."""

import csv
import pathlib
import re
import statistics
from collections.abc import Iterable, Sequence

from vadjax.comparison import compare
from vadjax.comparison.groups import Group
from vadjax.comparison.published import DATASETS, PublishedValue
from vadjax.comparison.tables import Comparison, Table
from vadjax.comparison.workbook import write_workbook
from vadjax.report import wording

# Of test clips under by_video, as for intervals (docs/protocols.md).
LEAST_CLIPS = 8
COPIED = " with copies"
ORDER = (f"published_shuffled{COPIED}", "published_shuffled", "random_window", "by_video")
COMMAND = "python experiments/rahmani_grid/run.py --ped2=DIR --avenue=DIR --weights=DIR"
MEANS = {  # column -> where in metrics.json, the mean over seeds
    "accuracy": "threshold.accuracy",
    "majority_accuracy": "baselines.majority_accuracy",
    "auc_within_clips": "frame.auc_macro",
    "auc_within_folds": "frame.folds.mean",
    "nearest_in_time": "baselines.nearest_in_time",
    "nearest_alike": "baselines.nearest_alike",
    "frame_index": "baselines.frame_index",
    "share_exact": "leakage.exact",
    "share_augmented": "leakage.augmented",
}


def read_published_csv(path: pathlib.Path) -> list[PublishedValue]:
    """Read the published figures from a table: dataset, backbone, model, metric, value, std, runs.

    Raises:
        KeyError: a column is missing, or a data set is none of the four published.
    """
    with path.open(newline="", encoding="utf-8") as file:
        return [
            PublishedValue(
                DATASETS[row["dataset"].lower()],
                *(row[key] for key in ("backbone", "model", "metric")),
                *(float(row[key]) for key in ("value", "std")),
                int(row["runs"]),
                path.name,
            )
            for row in csv.DictReader(file)
        ]


def tables(
    workdir: pathlib.Path, published: Sequence[PublishedValue]
) -> dict[tuple[str, str], Comparison]:
    """Read all finished runs under the sweeps of `workdir`.

    Returns:
        {(data set, protocol as in `ORDER`): the comparison of its one table}.
    """
    folders = sorted(str(path.parent) for path in workdir.glob("*/runs/*/metrics.json"))
    found = compare.compare(folders, published=published, command=COMMAND)
    made = {}
    for table in found.tables:
        if COPIED in protocol_of(table) and not table.runs[0].at("leakage.augmented"):
            continue  # most frames are abnormal, none was copied: the plain runs again
        key = str(table.metrics["dataset"]), protocol_of(table)
        if key in made:
            raise ValueError(f"two tables of {key}: runs of different data or settings are mixed")
        made[key] = Comparison([table], published=found.published_of(table), command=COMMAND)
    return dict(sorted(made.items(), key=lambda item: (item[0][0], ORDER.index(item[0][1]))))


def protocol_of(table: Table) -> str:
    """Return the protocol, and whether abnormal frames were copied."""
    copied = table.runs[0].settings.get("dataset.augment", "none") != "none"
    return f"{table.metrics['protocol']}{COPIED if copied else ''}"


def export(found: dict[tuple[str, str], Comparison], folder: pathlib.Path) -> None:
    """Write a workbook in the published form and a csv for each data set and protocol."""
    from vadjax.comparison.csv_files import write_csv as write_groups

    folder.mkdir(parents=True, exist_ok=True)
    for (dataset, protocol), one in found.items():
        stem = f"{dataset}-{protocol}".replace(" ", "_")
        write_workbook(folder / f"{stem}.xlsx", one)
        write_groups(folder / f"{stem}.csv", one)


def rows_of(found: dict[tuple[str, str], Comparison]) -> list[dict]:
    """Return a flat row for each detector, protocol and data set."""
    return [
        _row(group, dataset, protocol, one.published)
        for (dataset, protocol), one in found.items()
        for group in sorted(one.tables[0].groups, key=lambda g: (g.backbone, g.model))
    ]


def _row(group: Group, dataset: str, protocol: str, published: Iterable[PublishedValue]) -> dict:
    first = group.runs[0]
    auc, reason = group.stat("auc_micro"), ""
    theirs = [f.mean for f in published if f.metric == "auc" and f.model == group.model]
    means = {key: _mean(group, path) for key, path in MEANS.items()}
    clips = first.at("accounting.videos")
    by_window = first.metrics.get("unit") == "window"
    low, high = group.interval or (None, None)
    if not by_window and clips < LEAST_CLIPS:
        reason = f"{clips} test clips, fewer than {LEAST_CLIPS}: no figure"
        auc, low, high = auc._replace(mean=None, sd=None), None, None
        means |= dict.fromkeys(("accuracy", "auc_within_clips", "auc_within_folds"))
    elif auc.mean is None:
        reason = str(first.at("reasons.frame.auc_micro") or "undefined")
    return {
        "dataset": dataset,
        "coverage": wording.coverage(first.metrics),
        "protocol": protocol,
        "counts": "window" if by_window else "frame",
        "backbone": group.backbone,
        "model": group.model,
        "auc_mean": auc.mean,
        "auc_sd": auc.sd,
        "n": len(group.runs),
        "ci95_low": low,
        "ci95_high": high,
        **means,
        "published_auc_low": min(theirs, default=None),
        "published_auc_high": max(theirs, default=None),
        "leakage": group.leakage,
        "weights_sha256": str(first.at("detector.weights_sha256"))[:8],
        "reason": reason,
    }


def _mean(group: Group, path: str) -> float | None:
    values = [value for run in group.runs if (value := run.at(path)) is not None]
    return statistics.fmean(values) if len(values) == len(group.runs) else None


def write_csv(path: pathlib.Path, rows: Sequence[dict]) -> None:
    """Write the rows; figures with six digits, what is undefined empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6f}" if isinstance(v, float) else v for k, v in row.items()})


def data_of(row: dict) -> str:
    """Name the data, with the coverage of its clips where some are missing."""
    part = re.match(r"\d+ of \d+ clips", row["coverage"])
    return f"{row['dataset']}, {part[0]}" if part else row["dataset"]


def summary(rows: Sequence[dict]) -> list[str]:
    """Return the table of the README: a line a backbone and protocol, lowest to highest scanner."""
    lines = [
        "| data | protocol | backbone | scanners x seeds | AUC, mean over seeds | largest sd | "
        "accuracy | `nearest_in_time` | published AUC, same scanners | leakage |",
        "|" + "---|" * 10,
    ]
    blocks: dict[tuple, list[dict]] = {}
    for row in rows:
        blocks.setdefault((data_of(row), row["protocol"], row["backbone"]), []).append(row)
    for (dataset, protocol, backbone), block in blocks.items():
        known = {key: [row[key] for row in block if row[key] is not None] for key in block[0]}
        spans = [
            between(min(known[a], default=None), max(known[b], default=None), digits)
            for a, b, digits in (
                ("auc_mean", "auc_mean", 4 if min(known["auc_mean"], default=0) > 0.98 else 3),
                ("accuracy", "accuracy", 3),
                ("nearest_in_time", "nearest_in_time", 3),
                ("published_auc_low", "published_auc_high", 4),
            )
        ]
        seeds = {row["n"] for row in block}
        counted = f"{len(block)} x {'/'.join(map(str, sorted(seeds)))}"
        largest = short(max(known["auc_sd"], default=None), 4)
        cells = (dataset, protocol, backbone, counted, spans[0] or "none", largest, *spans[1:])
        lines.append(f"| {' | '.join((*cells, block[0]['leakage']))} |")
    return [*lines, *_reasons(rows)]


def markdown(rows: Sequence[dict]) -> list[str]:
    """Return every row as a line: a detector under a protocol."""
    lines = [
        "| data | protocol | backbone | scanner | AUC | n | 95 % over clips, seed 0 | in folds | "
        "in clips | accuracy | `nearest_in_time` | published AUC, same scanner | leakage |",
        "|" + "---|" * 13,
    ]
    for row in rows:
        auc = spread(row["auc_mean"], row["auc_sd"]) if row["auc_mean"] is not None else "none"
        cells = (
            *(data_of(row), row["protocol"], row["backbone"], row["model"], auc, str(row["n"])),
            between(row["ci95_low"], row["ci95_high"], 3),
            *(short(row[key], 3) for key in ("auc_within_folds", "auc_within_clips", "accuracy")),
            short(row["nearest_in_time"], 3),
            between(row["published_auc_low"], row["published_auc_high"], 4),
            row["leakage"],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, *_reasons(rows)]


def _reasons(rows: Sequence[dict]) -> list[str]:
    found = {(data_of(r), r["protocol"], r["reason"]): None for r in rows if r["reason"]}
    return [f"\nNo AUC of {d}, {p}: {why}." for d, p, why in found]


def short(value: float | None, digits: int) -> str:
    """Write a share without its leading zero.

    >>> short(0.8199, 3), short(1.0, 4), short(None, 3)
    ('.820', '1.0000', '')
    """
    return "" if value is None else f"{value:.{digits}f}".removeprefix("0")


def spread(mean: float, sd: float | None) -> str:
    """Write mean ± sample standard deviation, with four digits where a mean is close to 1.

    >>> spread(0.69214, 0.0481), spread(0.99951, 0.00041), spread(0.7, None)
    ('.692 ± .048', '.9995 ± .0004', '.700')
    """
    digits = 4 if mean > 0.99 else 3
    return short(mean, digits) + (f" ± {short(sd, digits)}" if sd is not None else "")


def between(low: float | None, high: float | None, digits: int) -> str:
    """Write an interval, nothing where there is none.

    >>> between(0.5, 0.8, 2), between(0.999, 0.999, 3), between(None, None, 3)
    ('.50 to .80', '.999', '')
    """
    if low is None:
        return ""
    first, last = short(low, digits), short(high, digits)
    return first if first == last else f"{first} to {last}"
