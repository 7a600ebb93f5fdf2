"""Runs side by side, as every comparison shows them: runs, groups of seeds, tables.

A table holds what may stand in one column: one data set, test set, label version, coverage and
protocol. A group is one detector; its runs differ in the seed alone.
"""

import itertools
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from vadjax import data
from vadjax.comparison.published import Figure
from vadjax.report import wording


class Column(NamedTuple):
    key: str
    path: str  # in metrics.json
    name: str


COLUMNS = (
    Column("auc_micro", "frame.auc_micro", "AUC, micro"),
    Column("auc_macro", "frame.auc_macro", "AUC, macro"),
    Column("auc_anomalous_videos", "frame.auc_anomalous_videos", "AUC, anomalous videos"),
    Column("auc_video", "frame.auc_video", "AUC, whole videos"),
    Column("ap", "frame.ap", "AP"),
    Column("ap_chance", "frame.ap_chance", "AP of chance"),
    Column("eer", "frame.eer", "EER"),
    Column("accuracy", "threshold.accuracy", "Accuracy"),
    Column("balanced_accuracy", "threshold.balanced_accuracy", "Balanced accuracy"),
    Column("precision", "threshold.precision", "Precision"),
    Column("recall", "threshold.recall", "Recall"),
    Column("f1", "threshold.f1", "F1"),
    Column("mcc", "threshold.mcc", "MCC"),
    Column("false_positive_rate", "threshold.false_positive_rate", "False-positive rate"),
    Column("false_alarms_per_hour", "threshold.false_alarms_per_hour", "False alarms per hour"),
    Column("pixel_auc", "region.pixel_auc", "Pixel AUC"),
    Column("rbdc", "region.rbdc", "RBDC"),
    Column("tbdc", "region.tbdc", "TBDC"),
)
_FIGURE = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\w)")
BRIEF = ("auc_micro", "auc_macro", "ap", "eer", "f1", "pixel_auc", "rbdc")  # narrow tables
PATHS = {column.key: column.path for column in COLUMNS}
NAMES = {column.key: column.name for column in COLUMNS}
MODELS = {
    "lstm": "LSTM",
    "gru": "GRU",
    "lstm_gru": "LSTM_GRU",
    "simple_rnn": "SimpleRNN",
    "dense": "Dense",
}


class Stat(NamedTuple):
    """Mean, sample standard deviation (None below two) and number of known values."""

    mean: float | None
    sd: float | None
    num: int


@dataclass(frozen=True, eq=False)
class RunRow:
    """One run.

    Attributes:
        workdir: its folder, as the reader was given it.
        metrics: metrics.json without its curves.
        settings: flat config keys that make its figures what they are, all but the seed.
        seed: of the run.
    """

    workdir: str
    metrics: Mapping
    settings: Mapping[str, object]
    seed: int

    def at(self, path: str):
        """Return what stands at a dotted path of metrics.json, None where nothing does."""
        return wording.lookup(self.metrics, path)

    @property
    def model(self) -> str:
        """The model as the published tables call it, e.g. "LSTM", "BiLSTM"."""
        name = str(self.at("detector.model") or "–")
        return ("Bi" if self.at("detector.bidirectional") else "") + MODELS.get(name, name)

    @property
    def backbone(self) -> str:
        """Its name, with the stage where it was cut short, e.g. "resnet18 to stage3"."""
        last = self.settings.get("features.last_stage")
        return str(self.at("detector.backbone") or "–") + (f" to {last}" if last else "")

    @property
    def smoothing(self) -> str:
        return str(self.at("smoothing") or "none")

    @property
    def leakage(self) -> str:
        """The audit's verdict; a protocol that is leaky by its nature is never clean."""
        protocol = wording.protocol(self.metrics)
        if protocol and protocol.leaky:
            return "leaky"
        return str(self.at("leakage.verdict") or "not audited")

    @property
    def best_baseline(self) -> tuple[str, float] | None:
        """The best score without learning on the same frames: its name, its AUC."""
        found = wording.rivals(self.metrics)
        return found[0] if found else None


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in their seed alone.

    Attributes:
        runs: one a seed, by seed.
        variant: what sets the group apart from others of its model and backbone.
        repeats: further runs of a seed that `runs` has already; they count in no figure.
    """

    runs: Sequence[RunRow]
    variant: str = ""
    repeats: Sequence[RunRow] = ()

    @property
    def model(self) -> str:
        return self.runs[0].model

    @property
    def backbone(self) -> str:
        return self.runs[0].backbone

    @property
    def objective(self) -> str:
        return str(self.runs[0].at("detector.objective") or "–")

    @property
    def column(self) -> str:
        """Its column in the grid."""
        return f"{self.model} {self.variant}".strip()

    @property
    def seeds(self) -> list[int]:
        return [run.seed for run in self.runs]

    @property
    def stamps(self) -> list[str]:
        """Every run's stamps, each once; see `spanned`."""
        return spanned(s for run in self.runs for s in run.at("stamps") or ())

    @property
    def leakage(self) -> str:
        return ", ".join(dict.fromkeys(run.leakage for run in self.runs))

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bootstrap interval over videos of the first seed's run."""
        found = self.runs[0].at("frame.auc_micro_ci95")
        return tuple(found) if found else None

    def stat(self, key: str) -> Stat:
        """Return the statistics of one of `COLUMNS` over the seeds."""
        values = [v for run in self.runs if (v := run.at(PATHS[key])) is not None]
        return Stat(
            statistics.fmean(values) if values else None,
            statistics.stdev(values) if len(values) > 1 else None,
            len(values),
        )


def spanned(stamps: Iterable[str]) -> list[str]:
    """Return stamps, each once; of those that differ in figures alone, one with the spans.

    >>> spanned(["gets AUC 0.990 on 9 clips", "gets AUC 0.984 on 9 clips", "leaky"])
    ['gets AUC 0.984 to 0.990 on 9 clips', 'leaky']
    """
    alike: dict[str, list[list[str]]] = {}
    for stamp in dict.fromkeys(stamps):
        alike.setdefault(_FIGURE.sub("{}", stamp), []).append(_FIGURE.findall(stamp))
    found = []
    for text, numbers in alike.items():
        ends = [(min(each, key=float), max(each, key=float)) for each in zip(*numbers, strict=True)]
        pieces = text.split("{}")
        spans = [low if low == high else f"{low} to {high}" for low, high in ends]
        found.append("".join(itertools.chain(*zip(pieces, [*spans, ""], strict=True))))
    return found


@dataclass(frozen=True, eq=False)
class Table:
    """Groups whose figures may stand in one column, best micro AUC first."""

    groups: Sequence[Group]

    @property
    def runs(self) -> list[RunRow]:
        return [run for group in self.groups for run in group.runs]

    @property
    def metrics(self) -> Mapping:
        """Those of any run: what the table's runs have in common is in all of them."""
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
    def stamps(self) -> list[str]:
        return list(dict.fromkeys(stamp for group in self.groups for stamp in group.stamps))

    @property
    def warning(self) -> str:
        """What has to be said over the table; "" where nothing has."""
        protocol = wording.protocol(self.metrics)
        if protocol and protocol.leaky:
            return f"LEAKY PROTOCOL. {protocol.text}"
        leaky = [run.workdir for run in self.runs if run.leakage == "leaky"]
        return f"LEAKY: the audit found leaks in {', '.join(leaky)}." if leaky else ""

    @property
    def slug(self) -> str:
        """A name for files, e.g. "ucsd_ped2-one_class-official"."""
        words = (str(self.metrics.get(k) or "") for k in ("dataset", "protocol", "label_version"))
        return "-".join("".join(c if c.isalnum() else "_" for c in w) for w in words if w)

    def known(self, keys: Sequence[str] = tuple(PATHS)) -> list[str]:
        """Return the columns that at least one run has a figure for."""
        return [k for k in keys if any(run.at(PATHS[k]) is not None for run in self.runs)]


class Paired(NamedTuple):
    """A paired bootstrap over the same videos: AUC of `b` minus that of `a`, or why none."""

    a: str
    b: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    videos: int = 0
    resamples: int = 0
    reason: str = ""

    @property
    def text(self) -> str:
        """One sentence for people."""
        if self.difference is None:
            return f"{self.b} against {self.a}: no test: {self.reason}"
        interval = (
            f"95 % interval {self.low:+.3f} to {self.high:+.3f}, p = {self.p_value:.3g}, "
            f"{self.resamples:,} resamples of {self.videos} videos"
            if self.low is not None
            else f"no interval: {self.reason}"
        )
        return f"{self.b} against {self.a}: micro AUC {self.difference:+.3f}; {interval}"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that one comparison shows.

    Attributes:
        tables: one for each set of runs that may stand in one column.
        problems: (workdir, why it is left out).
        notes: what a reader has to know: what was kept apart, what was left out.
        tests: paired tests.
        published: figures of published workbooks.
        command: how a person would make this again.
    """

    tables: Sequence[Table]
    problems: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    tests: Sequence[Paired] = ()
    published: Sequence[Figure] = field(default=())
    command: str = ""

    def published_of(self, table: Table) -> list[Figure]:
        """Return the published figures on the table's data set."""
        return [f for f in self.published if f.dataset == table.metrics.get("dataset")]

    def published_on(self) -> dict[str, list[Figure]]:
        """Return the published figures by the name of their data set."""
        found: dict[str, list[Figure]] = {}
        for figure in self.published:
            name = data.title(figure.dataset)
            found.setdefault(name, []).append(figure)
        return found
