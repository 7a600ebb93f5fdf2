"""The best detector of a sweep, chosen by the loss on held-out windows alone."""

import json
import pathlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from vadjax.comparison.grouping import scope
from vadjax.comparison.groups import RunRow
from vadjax.comparison.load_run import read_run
from vadjax.storage.files import write_json

# Sections that determine the scale of a held-out loss. Where features are predicted or
# reconstructed the loss has their units; the cross-entropy of labels has no unit.
TASK_OF_LABELS = ("objective", "window", "dataset")
TASK_OF_FEATURES = (*TASK_OF_LABELS, "features", "weights")
SELECTED_ON_TEST = {
    "published_shuffled": "early stopping uses the very windows that are tested",
}


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


def best_detectors(workdirs: Iterable[pathlib.Path], axes: Iterable[str] = ()) -> list[dict]:
    """Choose among comparable detectors by their loss on held-out windows.

    A detector is all runs that differ in their seed alone; its loss is the mean over the seeds
    that all comparable detectors have. Test labels are not used: the AUC is reported only.

    Args:
        workdirs: of finished runs.
        axes: config keys that the sweep varies; their values are reported even where only one
            detector has finished.

    Returns:
        For each set of comparable detectors {dataset, protocol, candidates, seeds, settings,
        heldout_loss, auc_micro, runs, reason}; where none can be chosen, `settings`,
        `heldout_loss`, `auc_micro` and `runs` are None and `reason` says why.
    """
    classes: dict[tuple, dict[tuple, dict[int, RunRow]]] = defaultdict(lambda: defaultdict(dict))
    for workdir in workdirs:
        if (workdir / "metrics.json").is_file():
            run = read_run(workdir)
            detector = tuple(sorted(run.settings.items()))
            classes[_class(run)][detector].setdefault(run.seed, run)
    return [_choose(list(detectors.values()), axes) for detectors in classes.values()]


def _class(run: RunRow) -> tuple:
    """Return a key that is equal for runs whose held-out losses can be compared."""
    supervised = run.settings["objective.name"] == "classify"
    task = TASK_OF_LABELS if supervised else TASK_OF_FEATURES
    settings = [(k, v) for k, v in run.settings.items() if k.split(".")[0] in task]
    return (*scope(run).values(), tuple(sorted(settings)))


def _choose(detectors: Sequence[Mapping[int, RunRow]], axes: Iterable[str]) -> dict:
    first = next(iter(detectors[0].values()))
    protocol = str(first.at("protocol"))
    seeds = sorted(set.intersection(*(set(runs) for runs in detectors)))
    result = dict.fromkeys(("settings", "heldout_loss", "auc_micro", "runs", "reason"))
    result |= {"dataset": first.at("dataset"), "protocol": protocol}
    result |= {"candidates": len(detectors), "seeds": seeds}
    if protocol in SELECTED_ON_TEST:
        reason = f"nothing is held out under {protocol}: {SELECTED_ON_TEST[protocol]}"
        return {**result, "reason": reason}
    if not seeds:
        return {**result, "reason": "the detectors have no seed in common"}
    losses = [
        [heldout_loss(pathlib.Path(runs[seed].workdir)) for seed in seeds] for runs in detectors
    ]
    known = [[loss for loss in row if loss is not None] for row in losses]
    if known != losses:
        return {**result, "reason": "a run has no history (log.jsonl)"}
    means = [sum(row) / len(row) for row in known]
    least = min(range(len(means)), key=means.__getitem__)
    runs = [detectors[least][seed] for seed in seeds]
    aucs = [run.at("frame.auc_micro") for run in runs]
    has_auc = None not in aucs
    return {
        **result,
        "settings": _settings(runs[0], detectors, axes),
        "heldout_loss": means[least],
        "auc_micro": sum(aucs) / len(aucs) if has_auc else None,
        "runs": [run.workdir for run in runs],
        "reason": None if has_auc else "the test set of a run has one class",
    }


def _settings(
    run: RunRow, detectors: Sequence[Mapping[int, RunRow]], axes: Iterable[str]
) -> dict[str, object]:
    """Return the settings of the chosen run that differ between detectors or are axes."""
    keys = {
        key
        for key, value in run.settings.items()
        if any(next(iter(d.values())).settings.get(key) != value for d in detectors)
    }
    keys |= {k for k in axes if k in run.settings and k.split(".")[0] not in TASK_OF_LABELS}
    return {key: _plain(run.settings[key]) for key in sorted(keys)}


def write_best(path: pathlib.Path, chosen: Sequence[Mapping]) -> list[str]:
    """Write best.json.

    Args:
        path: of the file.
        chosen: what `best_detectors` returned.

    Returns:
        A line for each choice.
    """
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
