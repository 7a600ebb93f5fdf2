"""A benchmark's report as rows: one for each case, measurement and side.

The report is written as json: {"format", "suite", "unit", "show", "precision",
"rounds", "environment", "peaks", "words", "results": {case: as `alternate.compare` returns it}}.
`environment` is that of a run's environment.json, `peaks` as `peaks.measure` returns it.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence

FORMAT = 1
COLUMNS = (
    "case",
    "what",
    "side",
    "unit",
    "per_s",
    "per_s_min",
    "per_s_max",
    "vadjax_ratio",
    "ratio_low",
    "ratio_high",
    "first_s",
    "compile_s",
    "peak_bytes",
    "device_peak_bytes",
    "flop_per_s",
    "matmul_share",
    "bytes_per_s",
    "memory_share",
    "note",
)
HEADINGS = (
    "case",
    "side",
    "rate, median [rounds]",
    "vadjax / side [95 %]",
    "compilation",
    "peak memory",
    "FLOP/s (of the matmul peak)",
    "bytes/s (of the memory's)",
)


def rows(report: Mapping) -> Iterator[dict]:
    """Yield {column of COLUMNS: value, None where unknown}."""
    peaks = report["peaks"]
    for case, result in report["results"].items():
        for what, measured in result["measured"].items():
            for side, rates in measured["rates"].items():
                facts, middle = result["facts"][side], statistics.median(rates)
                found = dict.fromkeys(COLUMNS)
                found.update(case=case, what=what, side=side, unit=report["unit"], per_s=middle)
                found.update(per_s_min=min(rates), per_s_max=max(rates))
                if ratio := measured["ratios"].get(side):
                    low, high = ratio["ci95"]
                    if len(rates) < 2:
                        low = high = None  # one round has no spread
                    found.update(vadjax_ratio=ratio["median"], ratio_low=low, ratio_high=high)
                found.update({k: v for k, v in facts.items() if k in COLUMNS})
                found["note"] = result["notes"][side]
                if "flop" in facts:
                    found["flop_per_s"] = facts["flop"] * middle
                    found["bytes_per_s"] = facts["bytes"] * middle
                    found["matmul_share"] = found["flop_per_s"] / peaks["matmul_flop_per_s"]
                    found["memory_share"] = found["bytes_per_s"] / peaks["memory_bytes_per_s"]
                yield found


def markdown(report: Mapping) -> str:
    """Return the report as Markdown: machine, table, notes."""
    body = [cells(row, report["show"]) for row in rows(report)]
    peaks, device = report["peaks"], report["peaks"]["device"]
    lines = [
        f"# {report['suite']}, {report['precision']}",
        "",
        machine(report),
        "",
        f"Measured peaks ({device['device']}): matrix products in {peaks['matmul_dtype']} "
        f"{si(peaks['matmul_flop_per_s'])}FLOP/s, memory {si(peaks['memory_bytes_per_s'])}B/s. "
        f"{report['rounds']} rounds.",
        "",
        *table(HEADINGS, body),
    ]
    for case, result in report["results"].items():
        for side, facts in result["facts"].items():
            if seconds := facts.get("seconds"):
                lines += ["", f"{case}, {side}, seconds:", "", *_seconds(seconds)]
    notes = [
        f"- {case}, {side}: {note}"
        for case, result in report["results"].items()
        for side, note in result["notes"].items()
        if note
    ]
    words = [f"- {word}" for word in report["words"]]
    return "\n".join([*lines, *([""] if notes or words else []), *notes, *words]) + "\n"


def machine(report: Mapping) -> str:
    """Return a line with the machine and the versions of the report."""
    known = report["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in known["versions"].items())
    commit = f", commit {known['commit'][:10]}" if known.get("commit") else ""
    count = f"{known['num_devices']} x {known['device']}, {known['cpu_count']} cores of "
    return f"{count}{known['processor']}; Python {known['python']}, {versions}{commit}."


def table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table.

    >>> table(["a", "b"], [["1", "2"]])
    ['| a | b |', '|---|---|', '| 1 | 2 |']
    """
    lines = [f"| {' | '.join(row)} |" for row in (headings, *cells)]
    return [lines[0], "|" + "---|" * len(headings), *lines[1:]]


def rate(per_s: float, unit: str, *, seconds: bool = False) -> str:
    """Format a rate, or the seconds per unit.

    >>> rate(1284.4, "windows"), rate(0.02, "runs", seconds=True)
    ('1,284 windows/s', '50.0 s')
    """
    if seconds:
        return f"{1 / per_s:.{1 if per_s < 1 else 2}f} s"
    return f"{per_s:,.{0 if per_s >= 100 else 1}f} {unit}/s"


def si(value: float) -> str:
    """Format a number with three digits and its SI prefix, to be followed by a unit.

    >>> si(123_400_000_000.0), si(5.0)
    ('123 G', '5.00 ')
    """
    prefixes = ["", "k", "M", "G", "T", "P"]
    step = 0
    while abs(value) >= 999.5 and step < len(prefixes) - 1:
        value, step = value / 1000, step + 1
    return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f} {prefixes[step]}"


def cells(row: Mapping, show: str) -> list[str]:
    """Return a row's cells under `HEADINGS`.

    Args:
        row: of `rows`.
        show: "rates", which become seconds per unit where a unit takes more than one second; or
            "seconds".

    Returns:
        A text for each heading.
    """
    seconds = show == "seconds" or row["per_s"] < 1

    def text(per_s: float) -> str:
        return rate(per_s, row["unit"], seconds=seconds)

    ends = sorted((row["per_s_min"], row["per_s_max"]), key=lambda r: -r if seconds else r)
    ratio = share = moved = ""
    if row["vadjax_ratio"] is not None:
        low, high = row["ratio_low"], row["ratio_high"]
        spread = "one round" if low is None else f"{low:.2f}, {high:.2f}"
        ratio = f"{row['vadjax_ratio']:.2f} [{spread}]"
    if row["flop_per_s"] is not None:
        share = f"{si(row['flop_per_s'])}FLOP/s ({row['matmul_share']:.0%})"
        moved = f"{si(row['bytes_per_s'])}B/s ({row['memory_share']:.0%})"
    compiled = "" if row["compile_s"] is None else f"{row['compile_s']:.1f} s"
    memory = f"{si(row['peak_bytes'])}B"
    if row["device_peak_bytes"] is not None:
        memory += f", device {si(row['device_peak_bytes'])}B"
    name = ", ".join(filter(None, (row["case"], row["what"])))
    ends = [text(end).split(" ")[0] for end in ends]
    middle = f"{text(row['per_s'])} [{ends[0]}, {ends[1]}]"
    return [name, row["side"], middle, ratio, compiled, memory, share, moved]


def _seconds(columns: Mapping[str, Mapping[str, float]]) -> list[str]:
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    cells = [[n, *(f"{c[n]:.1f}" if n in c else "" for c in columns.values())] for n in names]
    return table(["", *columns], cells)
