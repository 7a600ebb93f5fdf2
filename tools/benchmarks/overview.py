"""All suites of a machine in one table, beside what is committed, and what is slower than that."""

from collections.abc import Iterator, Mapping

from tools.benchmarks import regressions
from tools.benchmarks.machine_record import busy
from tools.benchmarks.report import cells, rows

LEAST_LOSS = 0.25  # of a ratio or rate: what the machine and the day do, beyond the rounds' scatter
HEADINGS = ("suite", "case", "vadjax", "ratio to its peer [95 %]", "last committed", "now / then")


def summary(suites: Mapping, before: Mapping) -> list[list[str]]:
    """Return the cells under `HEADINGS`, a row for each case, measurement and peer.

    Args:
        suites: {suite: report}.
        before: the same, committed; may be empty.

    Returns:
        Rows of text.
    """
    return [row for suite, one in suites.items() for row in _summary(one, before.get(suite))]


def _summary(one: Mapping, before: Mapping | None) -> Iterator[list[str]]:
    then = {(row["case"], row["what"], row["side"]): row for row in rows(before)} if before else {}
    changed = {change.name: change.factor for change in _changes(one, before)}
    ours: dict[tuple, dict] = {}
    peers: dict[tuple, list[dict]] = {}
    for row in rows(one):
        key = row["case"], row["what"]
        if row["vadjax_ratio"] is None and key not in ours:
            ours[key] = row
        else:
            peers.setdefault(key, []).append(row)
    for key, row in ours.items():
        name = ", ".join(filter(None, key))
        rate = cells(row, one["show"])[2]
        if not (others := peers.get(key)):
            last = then.get((*key, row["side"]))
            factor = changed.get(f"{name}, {row['side']}'s rate")
            yield [
                one["suite"], name, f"{rate}, {_bytes(row)}", "no peer",
                cells(last, one["show"])[2] if last else "", f"{factor:.2f}" if factor else "",
            ]  # fmt: skip
        for other in others or ():
            last = then.get((*key, other["side"]))
            factor = changed.get(f"{name}, vadjax / {other['side']}")
            yield [
                one["suite"], name, rate, f"{other['side']}: {cells(other, one['show'])[3]}",
                cells(last, one["show"])[3] if last else "", f"{factor:.2f}" if factor else "",
            ]  # fmt: skip


def _bytes(row: Mapping) -> str:
    return f"{row['peak_bytes'] / 1e6:,.0f} MB"


def _changes(one: Mapping, before: Mapping | None) -> list[regressions.Change]:
    shared = before and set(one["results"]) & set(before["results"])
    return regressions.changes(before, one) if shared else []


def losses(suites: Mapping, before: Mapping) -> list[str]:
    """Return what is slower, or takes more memory, than what is committed: a line each.

    Ratios to a peer count everywhere. Rates alone count only where the machine was idle both times,
    since other processes take of them what they will. Either must have lost more than the rounds'
    scatter and more than `LEAST_LOSS`. Memory counts where a suite measures it alone.

    Args:
        suites: {suite: report} as measured now.
        before: the same, committed.

    Returns:
        Lines; none where nothing is lost.
    """
    found = []
    for suite, one in suites.items():
        if (old := before.get(suite)) is None:
            continue
        quiet = not (busy(one) or busy(old))
        for change in _changes(one, old):
            rate = change.name.endswith("'s rate")
            lost = change.noise is not None and change.factor < 1 - max(change.noise, LEAST_LOSS)
            # A suite of one round has no scatter: then half of the rate.
            lost |= change.noise is None and change.factor < 1 - 2 * LEAST_LOSS
            if lost and (quiet or not rate):
                found.append(f"{suite}: {change.name}: {change.factor:.2f} of what is committed")
        if one["unit"] not in ("stages", "evaluations"):
            continue
        for case, result in one["results"].items():
            then = old["results"].get(case)
            if not then:
                continue
            size, was = (r["facts"]["vadjax"]["peak_bytes"] for r in (result, then))
            if size > (1 + LEAST_LOSS) * was:
                found.append(f"{suite}: {case}: {size / 1e6:.0f} MB, {was / 1e6:.0f} committed")
    return found
