"""The runs of a sweep as one table, a row each, and the best of what may be compared."""

import csv
import json
import pathlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from vadjax.comparison.compare import scope
from vadjax.comparison.load_run import read_run
from vadjax.comparison.tables import RunRow
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write, write_json
from vadjax.sweeps.plan import Spec

# What a held-out loss depends on besides the detector. Where features are predicted or
# reconstructed it is measured in their units; the cross-entropy of labels has no unit.
TASK = ("objective", "window", "dataset")
TASK_OF_FEATURES = (*TASK, "features", "weights")
ON_TEST = {"published_shuffled": "it stops the training on the very windows that it tests"}
COLUMNS = (
    "run",
    "status",
    "dataset",
    "protocol",
    "backbone",
    "model",
    "heldout_loss",
    "auc_micro",
    "ci95_low",
    "ci95_high",
    "leakage",
    "train_s",
    "error",
    "workdir",
)


def heldout_loss(workdir: pathlib.Path) -> float | None:
    """Return the least loss on held-out windows, averaged over folds; None without a history."""
    losses: dict[str, list[float]] = defaultdict(list)
    try:
        for line in (workdir / "log.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            losses[row.get("name", "")].append(float(row["select_loss"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return sum(map(min, losses.values())) / len(losses) if losses else None


def rows_of(specs: Sequence[Spec], folder: pathlib.Path, errors: Mapping[str, str]) -> list[dict]:
    """Return a flat row for every run: its values, its figures, its status.

    Figures that are not known are None. The `status` is done, failed or stopped (by a search).
    """
    keys = list(dict.fromkeys(key for spec in specs for key in spec.values))
    found = []
    for spec in specs:
        workdir, c = folder / spec.name, spec.config
        row = dict.fromkeys(COLUMNS) | {
            "run": spec.name,
            "status": "failed" if spec.name in errors else "done",
            "dataset": c.dataset.name,
            "protocol": c.dataset.protocol,
            "backbone": c.features.backbone,
            "model": c.model.name,
            "error": errors.get(spec.name),
            "workdir": str(workdir),
        }
        if spec.name not in errors:
            row["heldout_loss"] = heldout_loss(workdir)
            row |= _figures(workdir, row)
        found.append(row | {key: _plain(spec.values.get(key)) for key in keys})
    return found


def _figures(workdir: pathlib.Path, row: dict) -> dict:
    if (workdir / "stopped.json").is_file():
        return {"status": "stopped"}
    try:
        run = read_run(workdir)
    except UserError as error:
        return {"status": "failed", "error": str(error)}
    low, high = run.at("frame.auc_micro_ci95") or (None, None)
    return {
        "auc_micro": run.at("frame.auc_micro"),
        "ci95_low": low,
        "ci95_high": high,
        "leakage": run.leakage,
        "train_s": run.at("timing.train_epochs_s"),
    }


def write_runs(workdir: pathlib.Path, rows: Sequence[Mapping]) -> list[str]:
    """Write runs.csv, and runs.parquet where pandas and pyarrow are; say what was written."""
    with atomic_write(workdir / "runs.csv") as beside, beside.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    said = [f"wrote {workdir / 'runs.csv'}"]
    try:
        import pandas
        import pyarrow  # noqa: F401, what pandas writes parquet with
    except ImportError:
        return [*said, "no runs.parquet: it takes pandas and pyarrow, pip install 'vadjax[tables]'"]
    frame = pandas.DataFrame(rows)
    for key, values in frame.items():  # an axis of numbers and words, or of nothing but None
        kinds = {type(value) for value in values if value is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            frame[key] = [None if value is None else str(value) for value in values]
    with atomic_write(workdir / "runs.parquet") as beside:
        frame.to_parquet(beside, index=False)
    return [*said, f"wrote {workdir / 'runs.parquet'}"]


def best(workdirs: Iterable[pathlib.Path], axes: Iterable[str] = ()) -> list[dict]:
    """Choose among detectors that may be compared by the loss on held-out windows alone.

    A detector is all runs that differ in their seed; its loss is the mean over the seeds that all
    detectors of its class have. No test label has a say: the test figures are those of the chosen.

    Args:
        workdirs: of finished runs.
        axes: config keys that the sweep varies, to be told of a detector that alone has finished.

    Returns:
        For each class {dataset, protocol, candidates, seeds, settings, heldout_loss, auc_micro,
        runs, reason}; where nothing can be chosen, the figures are None and `reason` says why.
    """
    classes: dict[tuple, dict[tuple, dict[int, RunRow]]] = defaultdict(lambda: defaultdict(dict))
    for workdir in workdirs:
        if (workdir / "metrics.json").is_file():
            run = read_run(workdir)
            detector = tuple(sorted(run.settings.items()))
            classes[_class(run)][detector].setdefault(run.seed, run)
    return [_chosen(list(detectors.values()), axes) for detectors in classes.values()]


def _class(run: RunRow) -> tuple:
    supervised = run.settings["objective.name"] == "classify"
    kept = TASK if supervised else TASK_OF_FEATURES
    settings = [(k, v) for k, v in run.settings.items() if k.split(".")[0] in kept]
    return (*scope(run).values(), tuple(sorted(settings)))


def _chosen(detectors: Sequence[Mapping[int, RunRow]], axes: Iterable[str]) -> dict:
    first = next(iter(detectors[0].values()))
    protocol = str(first.at("protocol"))
    found = dict.fromkeys(("settings", "heldout_loss", "auc_micro", "runs", "reason"))
    seeds = sorted(set.intersection(*(set(runs) for runs in detectors)))
    found |= {"dataset": first.at("dataset"), "protocol": protocol}
    found |= {"candidates": len(detectors), "seeds": seeds}
    if protocol in ON_TEST:
        return {**found, "reason": f"nothing is held out under {protocol}: {ON_TEST[protocol]}"}
    if not seeds:
        return {**found, "reason": "the detectors have no seed in common"}
    losses = [
        [heldout_loss(pathlib.Path(runs[seed].workdir)) for seed in seeds] for runs in detectors
    ]
    kept = [[loss for loss in row if loss is not None] for row in losses]
    if kept != losses:
        return {**found, "reason": "a run has no history (log.jsonl)"}
    means = [sum(row) / len(row) for row in kept]
    least = min(range(len(means)), key=means.__getitem__)
    runs = [detectors[least][seed] for seed in seeds]
    aucs = [run.at("frame.auc_micro") for run in runs]
    differing = {
        key
        for key, value in runs[0].settings.items()
        if any(next(iter(d.values())).settings.get(key) != value for d in detectors)
    }
    differing |= {key for key in axes if key in runs[0].settings and key.split(".")[0] not in TASK}
    known = None not in aucs
    return {
        **found,
        "settings": {key: _plain(runs[0].settings[key]) for key in sorted(differing)},
        "heldout_loss": means[least],
        "auc_micro": sum(aucs) / len(aucs) if known else None,
        "runs": [run.workdir for run in runs],
        "reason": None if known else "a run's test set has one class",
    }


def write_best(path: pathlib.Path, chosen: Sequence[Mapping]) -> list[str]:
    """Write best.json, and say it in lines."""
    write_json(path, {"by": "loss on held-out windows", "best": list(chosen)})
    lines = []
    for row in chosen:
        where = f"best of {row['candidates']} on {row['dataset']}, {row['protocol']}"
        if row["settings"] is None:
            lines.append(f"{where}: none, {row['reason']}")
            continue
        settings = ", ".join(f"{k}={v}" for k, v in row["settings"].items()) or "the only one"
        auc = "unknown" if row["auc_micro"] is None else f"{row['auc_micro']:.3f}"
        lines.append(
            f"{where}, by held-out loss over {len(row['seeds'])} seed(s): {settings}; loss "
            f"{row['heldout_loss']:.4f}, test AUC {auc}"
        )
    return lines


def _plain(value):
    return "x".join(map(str, value)) if isinstance(value, (tuple, list)) else value
