"""Natural order of names: numbers as people mean them, and what is doubtful about it.

One name does not tell how its numbers are meant: 1.10 is a decimal among 1.05 and 1.25, and a pair
of counters among 1.9 and 1.11. So the names of a folder are read together.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from vadjax.data.text.printable import printable, same_form

_RUN = re.compile(r"\d+(?:[.,]\d+)*")  # a number, or several with points between them
_SUFFIX = re.compile(r"\.(?=\w*[^\W\d_])\w{1,5}$")  # with a letter, so that 1.25 has none
_EXPONENT = re.compile(r"(?<![\d.,])\d+(?:\.\d+)?e[-+]\d{1,2}(?![\da-z])")  # 1e-05 of Python
_SIGNS = ("-", "+", "\N{MINUS SIGN}")
_COPY = re.compile(r"\s*\(#\)$")  # what systems and browsers add to a name that is taken
_HALF_DAY = re.compile(r"\d\s*[ap]\.?m\b")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-._ ])(\d{1,2})\2((?:19|20)\d\d)(?!\d)")


@dataclasses.dataclass(frozen=True)
class _Name:
    """A name taken apart: texts[0] runs[0] texts[1] ... texts[-1] of the stem, and the suffix."""

    name: str
    texts: tuple[str, ...]
    runs: tuple[str, ...]
    suffix: str

    @classmethod
    def of(cls, name: str) -> "_Name":
        plain = same_form(name).casefold()
        match = _SUFFIX.search(plain)
        stem = plain[: match.start()] if match and match.start() else plain
        suffix = plain.removeprefix(stem)
        stem = _EXPONENT.sub(lambda number: f"{Decimal(number[0]):f}", stem)
        return cls(name, tuple(_RUN.split(stem)), tuple(_RUN.findall(stem)), suffix)

    def column(self, index: int) -> str:
        """Return what stands before a run; runs of one column are read alike."""
        return "#".join(self.texts[: index + 1])

    @property
    def pattern(self) -> str:
        """The stem without numbers and their signs."""
        last = len(self.texts) - 1
        return "#".join(
            text[:-1] if i < last and text.endswith(_SIGNS) else text
            for i, text in enumerate(self.texts)
        )


@dataclasses.dataclass(frozen=True)
class _Reading:
    """How the numbers of a folder are read.

    Attributes:
      decimal: column -> a number with a point in it is a decimal; else it is two counters.
      signed: column -> the sign before a number belongs to it; else it is a hyphen.
    """

    decimal: Mapping[str, bool]
    signed: Mapping[str, bool]

    @classmethod
    def of(cls, names: Sequence[_Name]) -> "_Reading":
        runs: dict[str, list[str]] = {}
        for each in names:
            for index, run in enumerate(each.runs):
                runs.setdefault(each.column(index), []).append(run)
        return cls(
            {c: _are_decimals(v) for c, v in runs.items() if any(map(_has_point, v))},
            {c: _is_sign(c[:-1], runs) for c in runs if c.endswith(_SIGNS)},
        )

    def stem_key(self, each: _Name) -> tuple:
        key: list = []
        for index, run in enumerate(each.runs):
            column, text = each.column(index), each.texts[index]
            numbers = _numbers(run, decimal=self.decimal.get(column, False))
            if self.signed.get(column):
                numbers = (numbers[0] if text.endswith("+") else -numbers[0], *numbers[1:])
                text = text[:-1]
            key += [text, numbers]
        return (*key, each.texts[-1])

    def sort(self, names: Iterable[_Name]) -> list[_Name]:
        return sorted(names, key=lambda each: (self.stem_key(each), _suffix_key(each), each.name))


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort names of one folder by their numbers, stems before what continues them.

    >>> natural_order(["10.avi", "2.avi", "2 (1).avi", "-1.avi"])
    ['-1.avi', '2.avi', '2 (1).avi', '10.avi']
    >>> natural_order(["0.25.png", "0.1.png"]), natural_order(["1.10.png", "1.9.png"])
    (['0.1.png', '0.25.png'], ['1.9.png', '1.10.png'])
    """
    taken = [_Name.of(name) for name in names]
    return [each.name for each in _Reading.of(taken).sort(taken)]


def doubts(names: Iterable[str]) -> list[str]:
    """Say what is doubtful about the natural order of the names of one folder.

    Returns:
      A clause for each doubt, with an example; none where the names can be read in one way.
    """
    taken = [_Name.of(name) for name in names]
    reading = _Reading.of(taken)
    chosen = reading.sort(taken)
    found = [*_other_readings(chosen, reading), *_equal_numbers(chosen, reading)]
    return [*found, *_patterns(chosen), *_dates(chosen)]


def _has_point(run: str) -> bool:
    return not run.isdecimal()


def _are_decimals(runs: Sequence[str]) -> bool:
    """Decide by the digits after the last point: decimals end in no 0, counters begin with none."""
    split = [re.split("[.,]", run) for run in runs if _has_point(run)]
    least = min(len(parts[-1]) for parts in split)
    longer = [parts[-1] for parts in split if len(parts[-1]) > least]
    if any(digits.startswith("0") for digits in longer):
        return True
    if any(digits.endswith("0") for digits in longer):
        return False
    return max(map(len, split)) == 2


def _is_sign(before: str, columns: Iterable[str]) -> bool:
    """Decide whether a hyphen is a minus, by what stands before it and by the other names."""
    if before.endswith("#"):
        return False  # between two numbers, as in a date
    if before and (before[-1].isalnum() or before[-1] in ")]}"):
        return before in columns  # frame-1 is negative where there is frame0 or frame1
    return True


def _numbers(run: str, *, decimal: bool) -> tuple[int | Decimal, ...]:
    parts = re.split("[.,]", run)
    if decimal and len(parts) > 1:
        parts[-2:] = [".".join(parts[-2:])]
    return tuple(Decimal(part) for part in parts)


def _suffix_key(each: _Name) -> list:
    return [int(s) if i % 2 else s for i, s in enumerate(re.split(r"(\d+)", each.suffix))]


def _other_readings(chosen: list[_Name], reading: _Reading) -> list[str]:
    found = []
    others = {c: not decimal for c, decimal in reading.decimal.items()}
    if pair := _differ(chosen, _Reading(others, reading.signed).sort(chosen)):
        kind = "decimals" if any(reading.decimal.values()) else "two numbers each"
        found.append(f"numbers with a point are read as {kind}: {pair}")
    seen = {each.column(index) for each in chosen for index in range(len(each.runs))}
    unsure = {c: not (s and _may_be_hyphen(c, seen)) and s for c, s in reading.signed.items()}
    if pair := _differ(chosen, _Reading(reading.decimal, unsure).sort(chosen)):
        found.append(f"a hyphen before a number is read as its minus: {pair}")
    return found


def _may_be_hyphen(column: str, seen: Iterable[str]) -> bool:
    """Return whether every number there has the sign, or a letter stands before it."""
    return column[:-1] not in seen or column[-2:-1].isalnum()


def _differ(chosen: list[_Name], other: list[_Name]) -> str:
    for one, two in zip(chosen, other, strict=True):
        if one is not two:
            return f"{printable(one.name)} before {printable(two.name)}"
    return ""


def _equal_numbers(chosen: list[_Name], reading: _Reading) -> list[str]:
    keys = [reading.stem_key(each) for each in chosen]
    twins = [i for i in range(1, len(keys)) if keys[i] == keys[i - 1]]
    if not twins:
        return []
    first, second = (printable(chosen[i].name) for i in (twins[0] - 1, twins[0]))
    more = f", and {len(twins) - 1} more pairs" if len(twins) > 1 else ""
    return [f"{first} and {second} have the same number{more}"]


def _patterns(chosen: list[_Name]) -> list[str]:
    patterns: dict[str, list[_Name]] = {}
    for each in chosen:
        patterns.setdefault(each.pattern, []).append(each)
    copies = [p for p in patterns if (base := _COPY.sub("", p)) != p and base in patterns]
    copied = [p for p in copies if len(patterns[_COPY.sub("", p)]) > 1]
    if copied:
        name = printable(patterns[copied[0]][0].name)
        return [f"{name} looks like the copy of another frame"]
    series = [p for p in patterns if p not in copies]
    single = min(series, key=len, default="")
    numbered = [p for p in series if p != single or len(patterns[p]) > 1]
    if len(series) < 2 or (len(numbered) == 1 and numbered[0].startswith(single)):
        return []
    first, second = (printable(patterns[p][0].name) for p in series[:2])
    return [f"names are of {len(series)} patterns, such as {first} and {second}"]


def _dates(chosen: list[_Name]) -> list[str]:
    plain = [same_form(each.name).casefold() for each in chosen]
    if any(map(_HALF_DAY.search, plain)):
        return ["times of day with am and pm are sorted by their numbers"]
    if not any(map(_YEAR_LAST.search, plain)):
        return []
    turned = {
        _Name.of(_YEAR_LAST.sub(r"\4\2\3\2\1", name)): each
        for name, each in zip(plain, chosen, strict=True)
    }
    by_date = [turned[name] for name in _Reading.of(list(turned)).sort(turned)]
    if len(turned) == len(chosen) and (pair := _differ(chosen, by_date)):
        return [f"dates are sorted by the number that comes first: {pair}"]
    return []
