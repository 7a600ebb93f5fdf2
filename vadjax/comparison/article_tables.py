"""Tables in the form of Elavarasi et al. (`--tables=s4`): videos of each set, and settings.

Their tables 1 to 3 list five unnamed videos of a training, a validation and a test set with frame
difference rate, motion level, effect of the optical flow, learning rate and accuracy; table 4 lists
the settings. Here a table holds the videos of any number of detectors, and the definitions that the
article leaves out stand below it.
"""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vadjax.comparison.groups import Group, RunRow
from vadjax.comparison.tables import Comparison, Table

SETS = ("training", "validation", "test")
RATES = ("accuracy", "sensitivity", "specificity")
HEADING = (
    *("video", "frames", "abnormal", "frame difference rate", "motion", "flow explains"),
    *("optical flow", "detector", "learning rate", *RATES, "PSNR, dB"),
)
SETTINGS = {  # name of a row of table 4 -> key of the config
    "data set": "dataset.name",
    "share held out": "dataset.holdout",
    "backbone": "features.backbone",
    "sequence length": "window.length",
    "model": "model.name",
    "hidden units": "model.units",
    "objective": "objective.name",
    "optimiser": "train.optimizer",
    "learning rate": "train.learning_rate",
    "batch size": "train.batch_size",
    "epochs (at most)": "train.epochs",
    "threshold": "evaluate.threshold",
}
NUM_TABLES = 4  # of a table of a comparison
TEXTS = ("video", "motion", "optical flow", "detector", "setting")  # columns without numbers
NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?|-?\d+(\.\d+)?(e-?\d+)?")
WITHOUT = "no run has these: evaluate with evaluate.sets=true (--stage=evaluate)"
DEFINED = (
    "Frame difference rate: share of frames whose largest mean change of grey over a box is more "
    "than {deviations:g} standard deviations above the mean of training frames (here above "
    "{above:.1f} grey levels). Motion: mean flow of the video, moderate from {low:.2f} and high "
    "from {high:.2f} pixels a frame, the thirds of the training clips. Optical flow: share of the "
    "change of moving pixels that moving the next frame back along the flow explains, moderate "
    "from {some:.2f}, high from {much:.2f}. The article defines none of the three."
)
DECIDED = (
    "Accuracy at the run's threshold, by the run's own detector. A video without abnormal frames "
    "has no sensitivity; its accuracy is its specificity."
)


class ArticleTable(NamedTuple):
    """One table.

    Attributes:
        title: with its number in the article.
        heading: of the columns.
        rows: texts.
        notes: below the table.
    """

    title: str
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def article_tables(comparison: Comparison) -> list[ArticleTable]:
    """Return tables 1 to 4 of every table of a comparison.

    Args:
        comparison: of runs.

    Returns:
        The tables; those of videos have no rows where no run has measured them.
    """
    found = []
    several = len(comparison.tables) > 1
    for table in comparison.tables:
        where = f", {table.title}" if several else ""
        for number, name in enumerate(SETS, 1):
            rows = list(_videos(table, name))
            notes = [DECIDED, *_definitions(table)] if rows else [WITHOUT]
            title = f"Table {number}. Videos of the {name} set{where}"
            found.append(ArticleTable(title, HEADING, rows, notes))
        names = [_name(group) for group in table.groups]
        rows = list(_settings(table.groups))
        found.append(ArticleTable(f"Table 4. Settings{where}", ("setting", *names), rows))
    return found


def article_rows(table: ArticleTable) -> Iterator[list[str | float | None]]:
    """Yield heading and rows of a table as a workbook has them, then its title and notes.

    Args:
        table: see `article_tables`.

    Yields:
        Cells: numbers to compute with, nothing where a figure is undefined.
    """
    yield list(table.heading)
    for row in table.rows:
        columns = zip(table.heading, row, strict=True)
        yield [text if name in TEXTS else _value(text) for name, text in columns]
    for text in (table.title, *table.notes):
        yield [text]


def _value(text: str) -> str | float | None:
    """Return a text as a number, where it is one."""
    if NUMBER.fullmatch(text):
        return float(text.replace(",", ""))
    return None if text == "–" else text


def totals_of(group: Group, name: str, key: str) -> tuple[float | None, float | None]:
    """Return mean and sample deviation of a set's figure over the seeds of a group.

    Args:
        group: of runs.
        name: of the set.
        key: of a row of `sets.totals` in metrics.json.

    Returns:
        Both None where no run has it; the deviation None of a single one.
    """
    values = [
        row[key]
        for run in group.runs
        for row in run.at("sets.totals") or ()
        if row["set"] == name and row[key] is not None
    ]
    mean = statistics.fmean(values) if values else None
    return mean, statistics.stdev(values) if len(values) > 1 else None


def _videos(table: Table, name: str) -> Iterator[list[str]]:
    """Yield a row for each video and detector, by video, then one for the set by detector."""
    rows: dict[tuple[str, int], list[Mapping]] = {}
    for number, group in enumerate(table.groups):
        for run in group.runs:
            for video in run.at("sets.videos") or ():
                if video["set"] == name:
                    rows.setdefault((video["id"], number), []).append(video)
    for (video_id, number), same in sorted(rows.items(), key=lambda item: item[0]):
        own = same[0]
        yield [
            *(video_id, _text(own["frames"]), _text(own["abnormal"])),
            *(_mean([own["difference_rate"]]), _text(own["motion"])),
            *(_mean([own["flow_explained"]]), _text(own["effectiveness"])),
            _name(table.groups[number]),
            _rate([each["learning_rate"] for each in same]),
            *(_mean([each[key] for each in same]) for key in RATES),
            _mean([each["psnr"] for each in same], 1),
        ]
    for group in table.groups:
        runs = [run for run in group.runs if _total(run, name)]
        if runs:
            totals = [_total(run, name) for run in runs]
            frames = _mean([row["frames"] for row in totals], 0)
            abnormal = _mean([row["abnormal"] for row in totals], 0)
            figures = (_spread(*totals_of(group, name, key)) for key in RATES)
            psnr = _spread(*totals_of(group, name, "psnr"), digits=1)
            yield ["all", frames, abnormal, *["–"] * 4, _name(group), "–", *figures, psnr]


def _total(run: RunRow, name: str) -> Mapping:
    """Return the row of a set of one run; empty where it has none."""
    return next((row for row in run.at("sets.totals") or () if row["set"] == name), {})


def _definitions(table: Table) -> list[str]:
    """Return what the motion columns mean, of the first run that has them."""
    for run in table.runs:
        if scale := run.at("sets.scale"):
            low, high = scale["flow_begins"]
            some, much = scale["effectiveness_begins"]
            known = {"low": low, "high": high, "some": some, "much": much}
            above, deviations = scale["difference_above"], scale["difference_deviations"]
            return [DEFINED.format(above=above, deviations=deviations, **known)]
    return []


def _settings(groups: Sequence[Group]) -> Iterator[list[str]]:
    """Yield the rows of table 4."""
    firsts = [group.runs[0] for group in groups]
    for name, key in SETTINGS.items():
        yield [name, *(_setting(run, key) for run in firsts)]
    counts = [[len(_ids(run, name)) for name in SETS] for run in firsts]
    shares = [" / ".join(map(str, own)) if any(own) else "–" for own in counts]
    yield ["videos, training / validation / test", *shares]
    yield ["parameters", *(_text(run.at("detector.parameters")) for run in firsts)]
    versions = (run.at("environment.versions") or {} for run in firsts)
    yield ["JAX", *(str(own.get("jax") or "–") for own in versions)]


def _setting(run: RunRow, key: str) -> str:
    """Return a setting as text, those of training only where something is trained by gradient."""
    trained = key.split(".")[0] in ("model", "objective", "train", "window")
    if trained and run.at("detector.model") is None:  # it trains no network
        return run.model if key == "model.name" else "–"
    value: Any = run.settings.get(key)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else _text(value)


def _ids(run: RunRow, name: str) -> set[str]:
    return {video["id"] for video in run.at("sets.videos") or () if video["set"] == name}


def _name(group: Group) -> str:
    return f"{group.name}, {group.backbone}"


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "–" if value is None else str(value)


def _rate(values: Sequence[float | None]) -> str:
    """Return the mean of learning rates as text."""
    known = [value for value in values if value is not None]
    return f"{statistics.fmean(known):.3g}" if known else "–"


def _mean(values: Sequence[float | None], digits: int = 3) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.fmean(known):,.{digits}f}" if known else "–"


def _spread(mean: float | None, sd: float | None, *, digits: int = 3) -> str:
    if mean is None:
        return "–"
    return f"{mean:.{digits}f}" + (f" ± {sd:.{digits}f}" if sd is not None else "")
