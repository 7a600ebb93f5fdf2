"""Tables of comparable runs, and the comparison that holds them.

The runs of a table have the data set, test set, label version, coverage and protocol in common.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vadjax import data
from vadjax.comparison.columns import BRIEF, IMAGE_BRIEF, PATHS
from vadjax.comparison.groups import Group, RunRow
from vadjax.comparison.published import PublishedValue
from vadjax.errors import unknown
from vadjax.report import wording


@dataclass(frozen=True, eq=False)
class Table:
    """Groups whose results are comparable, best micro AUC first.

    Attributes:
        groups: the rows.
        columns: metrics that narrow tables show, the first of which is the headline; files for
            computing have all.
    """

    groups: Sequence[Group]
    columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.columns:
            object.__setattr__(self, "columns", IMAGE_BRIEF if self.images else BRIEF)

    @property
    def images(self) -> bool:
        """Whether single images were scored."""
        return self.metrics.get("unit") == "image"

    @property
    def runs(self) -> list[RunRow]:
        return [run for group in self.groups for run in group.runs]

    @property
    def metrics(self) -> Mapping:
        """The metrics of one run, for what all runs of the table have in common."""
        return self.groups[0].runs[0].metrics

    @property
    def title(self) -> str:
        """Data set, coverage, labels and protocol in words."""
        protocol = wording.protocol(self.metrics)
        labels = self.metrics.get("label_version")
        videos = wording.lookup(self.metrics, "accounting.videos") or 0
        words = (
            wording.dataset(self.metrics) or "unnamed data",
            wording.scope(self.metrics, videos),
            f"labels {labels}" if labels else "no labels",
            f"protocol {protocol.title}" if protocol else "no protocol",
        )
        return " · ".join(words)

    @property
    def warnings(self) -> list[str]:
        """The warnings of all groups, each once; tables refer to them by number from 1."""
        return list(dict.fromkeys(text for group in self.groups for text in group.warnings))

    @property
    def leakage_warning(self) -> str:
        """The heading of a table with leaky runs; "" where there is none."""
        protocol = wording.protocol(self.metrics)
        if protocol and protocol.leaky:
            return f"LEAKY PROTOCOL. {protocol.text}"
        leaky = [run.workdir for run in self.runs if run.leakage == "leaky"]
        return f"LEAKY: the audit found leakage in {', '.join(leaky)}." if leaky else ""

    @property
    def slug(self) -> str:
        """A name for files, e.g. "ucsd_ped2-one_class-official"."""
        words = (str(self.metrics.get(k) or "") for k in ("dataset", "protocol", "label_version"))
        return "-".join("".join(c if c.isalnum() else "_" for c in w) for w in words if w)

    @property
    def shown(self) -> list[str]:
        """The metrics of narrow tables."""
        return self.known(self.columns)

    def known(self, keys: Sequence[str] = tuple(PATHS)) -> list[str]:
        """Return those of `keys` for which at least one run has a value."""
        return [k for k in keys if any(run.at(PATHS[k]) is not None for run in self.runs)]


def with_columns(table: Table, metrics: Sequence[str]) -> Table:
    """Return a table whose narrow form shows other metrics behind the micro AUC.

    Args:
        table: to be shown.
        metrics: keys of `columns.COLUMNS`.

    Returns:
        The table.

    Raises:
        UserError: there is no such metric.
    """
    for name in metrics:
        if name not in PATHS:
            raise unknown("metric", name, PATHS)
    return dataclasses.replace(table, columns=tuple(dict.fromkeys((table.columns[0], *metrics))))


class PairedTest(NamedTuple):
    """A paired bootstrap of two runs over the same videos.

    Attributes:
        a: workdir of the first run.
        b: workdir of the second run.
        difference: micro AUC of `b` minus that of `a`; None where there is no test.
        low: lower end of the 95 % interval of the difference.
        high: upper end.
        p_value: two-sided.
        videos: number of videos.
        resamples: number of bootstrap samples.
        reason: why there is no test or no interval.
        within: the same of the AUC within clips, for reading; "" where there is none.
        unit: what is drawn again: "video", or "image".
    """

    a: str
    b: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    videos: int = 0
    resamples: int = 0
    reason: str = ""
    within: str = ""
    unit: str = "video"

    @property
    def text(self) -> str:
        """One sentence for reading."""
        if self.difference is None:
            return f"{self.b} against {self.a}: no test: {self.reason}"
        interval = (
            f"95 % interval {self.low:+.3f} to {self.high:+.3f}, p = {self.p_value:.3g}, "
            f"{self.resamples:,} resamples of {self.videos} {self.unit}s"
            if self.low is not None
            else f"no interval: {self.reason}"
        )
        within = f"; {self.within}" if self.within else ""
        return f"{self.b} against {self.a}: micro AUC {self.difference:+.3f}; {interval}{within}"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that one comparison shows.

    Attributes:
        tables: one for each set of comparable runs.
        problems: (workdir, why it is left out).
        notes: what a reader has to know, e.g. why there are several tables.
        tests: paired tests.
        published: values of published workbooks.
        command: the command line that repeats this.
        article: page, workbook and Markdown have the tables of `article_tables` too.
    """

    tables: Sequence[Table]
    problems: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    tests: Sequence[PairedTest] = ()
    published: Sequence[PublishedValue] = ()
    command: str = ""
    article: bool = False

    def in_unit(self, text: str) -> str:
        """Speak of images where nothing else was scored.

        Args:
            text: about frames and videos.

        Returns:
            The text; see `wording.in_unit`.
        """
        images = self.tables and all(table.images for table in self.tables)
        return wording.in_unit(text, self.tables[0].metrics) if images else text

    def published_of(self, table: Table) -> list[PublishedValue]:
        """Return the published values on the table's data set."""
        return [v for v in self.published if v.dataset == table.metrics.get("dataset")]

    def published_by_dataset(self) -> dict[str, list[PublishedValue]]:
        """Return the published values by the title of their data set."""
        by_dataset: dict[str, list[PublishedValue]] = {}
        for value in self.published:
            by_dataset.setdefault(data.title(value.dataset), []).append(value)
        return by_dataset
