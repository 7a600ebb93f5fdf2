"""Runs and groups of runs: a group is one detector, trained with several seeds."""

import itertools
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vadjax.comparison.columns import PATHS
from vadjax.detectors import DETECTORS, WINDOW_MODEL, by_gradient
from vadjax.models import MODELS
from vadjax.report import wording

_DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\w)")


class Stat(NamedTuple):
    """Mean, sample standard deviation (None below two values) and number of known values."""

    mean: float | None
    sd: float | None
    num: int


@dataclass(frozen=True, eq=False)
class RunRow:
    """One run.

    Attributes:
        workdir: its folder, as it was given to the reader.
        metrics: metrics.json without its curves.
        settings: flat config keys that determine its results, without the seed.
        seed: of the run.
    """

    workdir: str
    metrics: Mapping
    settings: Mapping[str, object]
    seed: int

    def at(self, path: str):
        """Return the value at a dotted path of metrics.json, None where there is none."""
        return wording.lookup(self.metrics, path)

    @property
    def model(self) -> str:
        """The model as the published tables name it, e.g. "BiLSTM"; else the detector's title."""
        kind = str(self.at("detector.name") or WINDOW_MODEL)
        if not by_gradient(kind):
            return DETECTORS[kind].title if kind in DETECTORS else kind
        name = str(self.at("detector.model") or "–")
        title = MODELS[name].title if name in MODELS else name
        return ("Bi" if self.at("detector.bidirectional") else "") + title

    @property
    def epochs_asked(self) -> int | None:
        """The config's `train.epochs`; None where nothing is trained by gradient."""
        trained = by_gradient(str(self.at("detector.name") or WINDOW_MODEL))
        return self.settings.get("train.epochs") if trained else None  # type: ignore[return-value]

    @property
    def epochs_trained(self) -> list[int]:
        """The epochs that each fold was trained for, fewer where training stopped early."""
        return list(self.at("detector.epochs_trained") or ())

    @property
    def backbone(self) -> str:
        """Its name, with the last stage where it is truncated, e.g. "resnet18 to stage3"."""
        last = self.settings.get("features.last_stage")
        return str(self.at("detector.backbone") or "–") + (f" to {last}" if last else "")

    @property
    def warnings(self) -> list[str]:
        """What a reader of the results has to know."""
        return list(self.at("warnings") or ())

    @property
    def leakage(self) -> str:
        """The audit's verdict; "leaky" for every protocol that is leaky by definition."""
        protocol = wording.protocol(self.metrics)
        if protocol and protocol.leaky:
            return "leaky"
        return str(self.at("leakage.verdict") or "not audited")

    @property
    def best_baseline(self) -> tuple[str, float] | None:
        """The name and AUC of the best score without learning on the same frames."""
        baselines = wording.rivals(self.metrics)
        return baselines[0] if baselines else None


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in their seed alone.

    Attributes:
        runs: one for each seed, by seed.
        variant: the settings that differ from other groups with the same model and backbone.
        repeats: further runs with a seed of `runs`; they are in no statistic.
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
    def name(self) -> str:
        """The model and the variant."""
        return f"{self.model} {self.variant}".strip()

    @property
    def seeds(self) -> list[int]:
        return [run.seed for run in self.runs]

    @property
    def epochs_trained(self) -> int | str | None:
        """The epochs of all trainings: a number, or the least and the most as text."""
        return span(n for run in self.runs for n in run.epochs_trained)

    @property
    def warnings(self) -> list[str]:
        """The warnings of all runs, see `merge_warnings`."""
        return merge_warnings(text for run in self.runs for text in run.warnings)

    @property
    def leakage(self) -> str:
        return ", ".join(dict.fromkeys(run.leakage for run in self.runs))

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bootstrap interval of the first seed's headline, over videos or images."""
        interval = self.runs[0].at(wording.headline(self.runs[0].metrics).interval)
        return tuple(interval) if interval else None

    def stat(self, key: str) -> Stat:
        """Return the statistics of a metric of `columns.COLUMNS` over the seeds."""
        values = [v for run in self.runs if (v := run.at(PATHS[key])) is not None]
        return Stat(
            statistics.fmean(values) if values else None,
            statistics.stdev(values) if len(values) > 1 else None,
            len(values),
        )


def span(numbers: Iterable[int]) -> int | str | None:
    """Return equal numbers as one, others as text, none as None.

    >>> span([11, 11]), span([11, 20, 9]), span([])
    (11, '9 to 20', None)
    """
    found = sorted(set(numbers))
    return found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}" if found else None


def merge_warnings(texts: Iterable[str]) -> list[str]:
    """Return each text once; texts that differ in decimal numbers alone become one with ranges.

    >>> merge_warnings(["gets AUC 0.990 on 9 clips", "gets AUC 0.984 on 9 clips", "leaky"])
    ['gets AUC 0.984 to 0.990 on 9 clips', 'leaky']
    """
    numbers_of: dict[str, list[list[str]]] = {}
    for text in dict.fromkeys(texts):
        numbers_of.setdefault(_DECIMAL.sub("{}", text), []).append(_DECIMAL.findall(text))
    merged = []
    for template, numbers in numbers_of.items():
        ends = [(min(each, key=float), max(each, key=float)) for each in zip(*numbers, strict=True)]
        ranges = [low if low == high else f"{low} to {high}" for low, high in ends]
        pieces = zip(template.split("{}"), [*ranges, ""], strict=True)
        merged.append("".join(itertools.chain(*pieces)))
    return merged
