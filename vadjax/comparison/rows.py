"""The rows of sheets and csv files: plain values under one heading row."""

from collections.abc import Iterator, Sequence

from vadjax.comparison.columns import PATHS
from vadjax.comparison.groups import RunRow, span
from vadjax.comparison.tables import Table
from vadjax.report import wording

IDENTITY = ("workdir", "model", "objective", "backbone", "seed")
CLASS_COLUMNS = ("class", "precision", "recall", "f1", "support", "auc")
RECOGNITION_COLUMNS = (
    *("level", "truth", "accuracy", "majority_accuracy"),
    *("class", "precision", "recall", "f1", "support", "called"),
)
THRESHOLD_COLUMNS = (
    *("rule", "chosen", "oracle", "value", "precision", "recall", "f1", "balanced_accuracy"),
    *("false_positive_rate", "false_alarms_per_hour", "note"),
)
VIDEO_COLUMNS = ("id", "frames", "abnormal", "filled", "auc", "max_score", "fold", "threshold")
IMAGE_COLUMNS = {  # name of a column -> of metrics.json
    **{"id": "id", "defective": "abnormal", "score": "max_score"},
    **{"fold": "fold", "threshold": "threshold"},
}
OF_TIME = ("false_alarms_per_hour", "lookahead_frames", "frames", "filled", "substituted")
CONDITIONS = (
    *("dataset", "coverage", "label_version", "protocol"),
    *("leakage", "lookahead_frames", "warnings"),
)
CELLS = ("tp", "fp", "tn", "fn")


def for_unit(table: Table, rows: Iterator[Sequence]) -> Iterator[Sequence]:
    """Leave out of a list of images what is of time, and speak of images.

    Args:
        table: that the rows are of.
        rows: a heading, then rows.

    Yields:
        The rows; those of video as they are.
    """
    if not table.images:
        yield from rows
        return
    heading = next(rows)
    gone = ("baseline_frame", "baseline_clip", "baseline_flow", *OF_TIME)
    kept = [at for at, name in enumerate(heading) if not name.startswith(gone)]
    yield tuple({"videos": "images"}.get(heading[at], heading[at]) for at in kept)
    words = {at for at in kept if heading[at] in ("note", "warnings")}
    for row in rows:
        yield tuple(
            wording.in_unit(str(row[at]), table.metrics) if at in words and row[at] else row[at]
            for at in kept
        )


def group_rows(table: Table) -> Iterator[Sequence]:
    """Yield a heading, then a row for each group: mean and sample deviation of every metric."""
    keys = table.known()
    yield (
        *("model", "variant", "objective", "backbone", "num_seeds", "seeds"),
        *("epochs_asked", "epochs_trained"),
        *(name for key in keys for name in (key, f"{key}_sd")),
        *("auc_micro_low", "auc_micro_high", "interval_of_seed", "best_baseline"),
        *("best_baseline_auc", *CONDITIONS),
    )
    for group in table.groups:
        first = group.runs[0]
        stats = [group.stat(key) for key in keys]
        yield (
            *(group.model, group.variant, group.objective, group.backbone, len(group.runs)),
            " ".join(map(str, group.seeds)),
            *(first.epochs_asked, group.epochs_trained),
            *(value for stat in stats for value in (stat.mean, stat.sd)),
            *(group.interval or (None, None)),
            first.seed if group.interval else None,
            *(first.best_baseline or (None, None)),
            *conditions(first, group.leakage, group.warnings),
        )


def conditions(run: RunRow, leakage: str, warnings: Sequence[str]) -> tuple:
    """Return the conditions of a row's results, which every row shows.

    Args:
        run: any run of the row.
        leakage: the verdict of the row.
        warnings: of the row.

    Returns:
        A value for each of `CONDITIONS`.
    """
    m = run.metrics
    facts = m.get("dataset"), wording.coverage(m), m.get("label_version"), m.get("protocol")
    mark = "LEAKY" if leakage == "leaky" else leakage
    return (*facts, mark, run.at("lookahead_frames"), "; ".join(warnings) or None)


def run_rows(table: Table) -> Iterator[Sequence]:
    """Yield a heading, then a row for each run with everything that is one number."""
    keys = table.known()
    facts = ("weights_sha256", "tap", "fit", "window", "parameters")
    counts = ("videos", "frames", "abnormal", "filled", "substituted")
    baselines = [row.key for row in wording.BASELINES] + ["majority_accuracy"]
    yield (
        *IDENTITY,
        *keys,
        *("auc_micro_low", "auc_micro_high", "macro_skipped"),
        *(f"baseline_{name}" for name in baselines),
        *("threshold_rule", "threshold", *CELLS, *counts, *facts, *CONDITIONS, "commit"),
        *("epochs_asked", "epochs_trained"),
    )
    for run in table.runs:
        yield (
            *_identity(run),
            *(run.at(PATHS[key]) for key in keys),
            *(run.at("frame.auc_micro_ci95") or (None, None)),
            run.at("frame.macro_skipped"),
            *(run.at(f"baselines.{name}") for name in baselines),
            *(run.at(f"threshold.{name}") for name in ("rule", "value")),
            *(run.at(f"threshold.confusion.{name}") for name in CELLS),
            *(run.at(f"accounting.{name}") for name in counts),
            *(run.at(f"detector.{name}") for name in facts),
            *conditions(run, run.leakage, run.warnings),
            run.at("environment.commit") or run.at("environment.versions.vadjax"),
            *(run.epochs_asked, span(run.epochs_trained)),
        )


def _identity(run: RunRow) -> tuple:
    return run.workdir, run.model, run.at("detector.objective"), run.backbone, run.seed


def confusion_rows(table: Table) -> Iterator[Sequence]:
    """Yield a heading, then two rows for each run: frames by label and by prediction."""
    yield *IDENTITY, "truth", "called_abnormal", "called_normal", "share_right"
    for run in table.runs:
        cells = run.at("threshold.confusion") or {}
        for truth, hit, miss, right in (
            ("abnormal", "tp", "fn", "tp"),
            ("normal", "fp", "tn", "tn"),
        ):
            counts = cells.get(hit), cells.get(miss)
            total = sum(count for count in counts if count is not None)
            share = cells[right] / total if None not in counts and total else None
            yield *_identity(run), truth, *counts, share


def class_rows(table: Table) -> Iterator[Sequence]:
    """Yield a heading, then the classification report of every run and its kinds of anomaly."""
    yield *IDENTITY, *CLASS_COLUMNS
    for run in table.runs:
        for row in class_report(run):
            yield *_identity(run), *(row.get(name) for name in CLASS_COLUMNS)
        for kind in run.metrics.get("kinds") or ():
            row = {"recall": kind["recall"], "support": kind["frames"], "auc": kind["auc"]}
            row["class"] = f"kind: {kind['kind']}"
            yield *_identity(run), *(row.get(name) for name in CLASS_COLUMNS)


def class_report(run: RunRow) -> list[dict]:
    """Return class, precision, recall, f1, support of normal and abnormal frames.

    They are computed from the confusion matrix for runs without `classes` in metrics.json.
    """
    if rows := run.metrics.get("classes"):
        return [{**row, "class": row.get("name")} for row in rows]
    c = run.at("threshold.confusion")
    if not c:
        return []
    cells = {"normal": (c["tn"], c["fn"], c["fp"]), "abnormal": (c["tp"], c["fp"], c["fn"])}
    return [
        {
            "class": name,
            "precision": hit / (hit + wrong) if hit + wrong else None,
            "recall": hit / (hit + missed) if hit + missed else None,
            "f1": 2 * hit / (2 * hit + wrong + missed) if hit + wrong + missed else None,
            "support": hit + missed,
        }
        for name, (hit, wrong, missed) in cells.items()
    ]


def recognition_rows(table: Table) -> Iterator[Sequence]:
    """Yield a heading, then a row for each run, level and class: its report and its calls."""
    yield *IDENTITY, *RECOGNITION_COLUMNS
    for run in table.runs:
        for level in run.at("recognition.levels") or ():
            shared = [level[name] for name in ("level", "truth", "accuracy", "majority_accuracy")]
            for row, counts in zip(level["classes"], level["confusion"], strict=True):
                own = (row[name] for name in ("name", "precision", "recall", "f1", "support"))
                called = zip(level["names"], counts, strict=True)
                text = "; ".join(f"{name} {count}" for name, count in called if count)
                yield *_identity(run), *shared, *own, text


def threshold_rows(table: Table) -> Iterator[Sequence]:
    """Yield a heading, then the threshold of every rule and its metrics."""
    yield *IDENTITY, *THRESHOLD_COLUMNS
    for run in table.runs:
        chosen = run.at("threshold.rule")
        rows = list(run.metrics.get("thresholds") or ())
        if not any(row.get("rule") == chosen for row in rows):
            rows.insert(0, run.at("threshold") or {})
        for row in rows:
            marked = {**row, "chosen": row.get("rule") == chosen, "oracle": bool(row.get("oracle"))}
            yield *_identity(run), *(marked.get(name) for name in THRESHOLD_COLUMNS)
        for name, row in (run.metrics.get("oracle") or {}).items():
            if isinstance(row, dict):
                marked = {**row, "value": row.get("threshold"), "rule": name, "oracle": True}
                yield *_identity(run), *(marked.get(name) for name in THRESHOLD_COLUMNS)


def video_rows(table: Table) -> Iterator[Sequence]:
    """Yield a heading, then a row for each run and test video, or image."""
    if table.images:
        yield *IDENTITY, *IMAGE_COLUMNS
        for run in table.runs:
            for image in run.metrics["videos"]:
                yield *_identity(run), *(image.get(name) for name in IMAGE_COLUMNS.values())
        return
    yield *IDENTITY, *VIDEO_COLUMNS, "alarms"
    for run in table.runs:
        for video in run.metrics["videos"]:
            alarms = video.get("alarms")
            count = None if alarms is None else len(alarms)
            yield *_identity(run), *(video.get(name) for name in VIDEO_COLUMNS), count
