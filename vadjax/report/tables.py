"""The table at the end of a run, and the csv file of scores."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vadjax.data.scored_video import ScoredVideo
from vadjax.report import images, wording
from vadjax.report.alarm_files import alarm_rows, number_text
from vadjax.storage.csv_tables import write_csv

SCORE_COLUMNS = ("video", "frame", "time_s", "score", "predicted", "alarm")


def summary(metrics: Mapping) -> RenderableType:
    """Return what is printed when a run ends: the headline among its baselines, then the rest.

    Args:
        metrics: the dict of metrics.json; a null is printed with its reason.
    """
    protocol = wording.protocol(metrics)
    num_videos = wording.lookup(metrics, "accounting.videos") or len(metrics.get("videos") or ())
    scope = wording.scope(metrics, num_videos)
    words = [wording.dataset(metrics), scope, protocol.title if protocol else ""]
    parts: list[RenderableType] = [Text(" · ".join(w for w in words if w), "bold")]
    parts.append(Text(wording.detector(metrics), "dim"))
    if protocol and protocol.leaky:
        parts.append(Text(f"LEAKY PROTOCOL. {protocol.text}", "bold red"))
    warnings = [wording.in_unit(text, metrics) for text in metrics.get("warnings") or ()]
    parts += [Text(f"WARNING. {text}", "bold red") for text in warnings]
    return Group(*parts, _comparison(metrics), _figures(metrics, scope))


def _comparison(metrics: Mapping) -> RenderableType:
    """The detector and its baselines, best first."""
    headline, unit = wording.headline(metrics), metrics.get("unit") or "frame"
    own = wording.lookup(metrics, headline.path)
    if own is None and not wording.rivals(metrics):
        return Text(f"no {unit} AUC: {wording.reason(metrics, headline.path)}\n")
    interval = wording.lookup(metrics, headline.interval)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    of_images = metrics.get("image")
    table.add_column(headline.name.rstrip(",") if of_images else f"{unit} AUC, micro")
    table.add_column("", justify="right")
    table.add_column("")
    if interval:
        note = f"95 % interval {interval[0]:.3f} to {interval[1]:.3f}"
    else:
        note = f"no interval: {wording.reason(metrics, headline.interval)}"
    if own is None:
        note = wording.reason(metrics, headline.path)
    rows = [("this detector", own, note, "bold")]
    for row in wording.baselines(metrics):
        key = f"baselines.{row.key}"
        value = wording.lookup(metrics, key)
        beats = value is not None and own is not None and value > own
        note = wording.reason(metrics, key) if value is None else ""
        rows.append(
            (row.name, value, "▲ beats the detector" if beats else note, "yellow" if beats else "")
        )
    for name, value, note, style in sorted(rows, key=lambda r: -(-1 if r[1] is None else r[1])):
        table.add_row(Text(name), wording.number(value), Text(note), style=style)
    return table


def _figures(metrics: Mapping, scope: str) -> Table:
    """The other figures, one a row: name, number, what to know about it."""

    def at(path):
        return wording.lookup(metrics, path)

    skipped = at("frame.macro_skipped")
    counts, of_images = at("accounting") or {}, bool(at("image"))
    threshold = wording.number(at("threshold.value"))
    ranking = [
        ("AUC, macro", "frame.auc_macro", f"{skipped} of one class skipped" if skipped else ""),
        ("AUC within clips", "frame.auc_parts.within", _pairs(at("frame.auc_parts.share_within"))),
        ("AUC across clips", "frame.auc_parts.across", ""),
        ("average precision", "frame.ap", f"chance {wording.number(at('frame.ap_chance'))}"),
        ("equal error rate", "frame.eer", ""),
        ("recall at 1 % false positives", "frame.recall_at_fpr_1pct", "the best threshold for it"),
    ]
    rows = [
        *(images.summary_rows(metrics) if of_images else ranking),
        ("balanced accuracy", "threshold.balanced_accuracy", f"at threshold {threshold}"),
        ("precision", "threshold.precision", ""),
        ("recall", "threshold.recall", ""),
    ]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim")
    for name, path, note in rows:
        value = at(path)
        table.add_row(
            name,
            wording.number(value),
            Text(wording.reason(metrics, path) if value is None else note),
        )
    if of_images:
        count = Text(f"{wording.number(counts.get('abnormal'))} of them defective; {scope}")
        table.add_row("images", wording.number(counts.get("frames")), count)
        table.add_row("good images called defective", *_expected(metrics))
        return _with_audit(table, metrics)
    for level in at("recognition.levels") or ():
        if level["support"]:
            called = f"class of the {level['level']}"
            usual = f"always the commonest: {wording.percent(level['majority_accuracy'])}"
            table.add_row(called, wording.percent(level["accuracy"]), Text(usual))
    filled = f"{wording.number(counts.get('filled'))} filled from the nearest scored frame"
    unit = f"{metrics.get('unit') or 'frame'}s"
    table.add_row(unit, wording.number(counts.get("frames")), Text(f"{filled}; {scope}"))
    if at("frame.auc_micro_scored") is not None:
        without = Text(f"without the {wording.number(counts.get('filled'))} filled frames")
        table.add_row("AUC, micro", wording.number(at("frame.auc_micro_scored")), without)
    table.add_row("normal frames called abnormal", *_expected(metrics))
    return _with_audit(table, metrics)


def _with_audit(table: Table, metrics: Mapping) -> Table:
    """Add the row of the leakage audit."""
    verdict = wording.lookup(metrics, "leakage.verdict") or wording.reason(metrics, "leakage")
    table.add_row("leakage audit", "–", Text(verdict, "" if verdict == "clean" else "bold red"))
    return table


def _pairs(share: float | None) -> str:
    """Say how much of the micro AUC the pairs of frames of one clip are."""
    return "" if share is None else f"{wording.percent(share)} of the pairs of the micro AUC"


def _expected(metrics: Mapping) -> tuple[str, Text]:
    """Return the share of normal test frames called abnormal, and what was expected."""
    given = wording.percent(wording.lookup(metrics, "threshold.false_positive_rate"))
    low, high = (wording.lookup(metrics, f"threshold.expected.{key}") for key in ("low", "high"))
    if low is None:
        why = wording.reason(metrics, "threshold.expected.mean")
        return given, Text(f"no rate can be expected: {why}")
    clips = wording.plural(wording.lookup(metrics, "threshold.expected.clips"), "held-out clip")
    clips = wording.in_unit(clips, metrics)
    expected = f"{wording.percent(low)} to {wording.percent(high)}"
    return given, Text(f"expected {expected} by {clips}")


def alarms(videos: Sequence[ScoredVideo]) -> RenderableType:
    """Return the alarms of unlabelled videos as a table to print."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("video")
    for name in ("frames", "from", "to", "highest score"):
        table.add_column(name, justify="right")
    for video in videos:
        if not video.alarms:
            table.add_row(Text(video.id), "", "", "", Text("no alarm", "dim"))
        for row in alarm_rows(video):
            times = ["" if row[k] is None else wording.clock(row[k]) for k in ("start_s", "stop_s")]
            frames = f"{row['start']}–{row['stop'] - 1}"
            table.add_row(Text(video.id), frames, *times, wording.number(float(row["peak_score"])))
    return table


def write_scores(path: os.PathLike | str, videos: Sequence[ScoredVideo]) -> None:
    """Write one row a frame.

    `score` has the digits that give the same float32 back; `predicted` is 0 where a frame was
    filled from its nearest scored one; `alarm` is 1 within an alarm. A detector that combines cues
    has a column `part_NAME` for each, and one that tells classes apart the column `class`, the
    class of the highest probability.

    Args:
        path: an older file is replaced.
        videos: with alarms.

    Raises:
        UserError: it cannot be written there.
    """
    parts = list(dict.fromkeys(name for video in videos for name in video.parts))
    classes = any(video.recognized is not None for video in videos)

    def rows():
        yield (*SCORE_COLUMNS, *(f"part_{name}" for name in parts), *(["class"] * classes))
        for video in videos:
            alarm, predicted = np.zeros(len(video.scores), int), np.asarray(video.predicted)
            for start, stop in video.alarms:
                alarm[start:stop] = 1
            known = video.recognized
            called = known and [known.names[i] for i in known.probabilities.argmax(axis=1)]
            for frame, score in enumerate(video.scores):
                time_s = None if video.edges is None else float(video.edges[frame])
                own = [video.parts[name][frame] if name in video.parts else None for name in parts]
                if classes:
                    own.append(called[frame] if called else None)
                yield video.id, frame, time_s, score, int(predicted[frame]), alarm[frame], *own

    write_csv(path, rows(), number=number_text)
