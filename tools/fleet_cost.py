"""Compute what extraction costs from one camera to 10,000: `python tools/fleet_cost.py`.

The rates are the measured ones that docs/benchmarks.md and docs/watch.md state; the rest is
arithmetic, and so are the totals: machines share nothing but files, so that twice as many do twice
as much. `--rate` is how many frames a second of each camera are looked at, `--busy` the share of
its time that a machine may work, `--core_hour` and `--card_hour` are prices of yours. Prints the
table of docs/scaling.md with the defaults.
"""

import argparse
import dataclasses
import math
from collections.abc import Sequence

CAMERAS = (1, 10, 100, 1_000, 10_000)
DAY_S = 86_400
FEATURE_BYTES = 1_280 * 4  # of a frame: tf_efficientnet_lite0's pooled features, float32
SCORE_BYTES = 12  # of a frame in scores.npz: a score, whether it was filled, a time


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine on which a rate was measured.

    Attributes:
        name: for the table.
        page: of the documentation that states the rate.
        stated: how the page states it.
        frames_per_s: decoded, resized and through the network.
        cores: of the machine.
        cards: of the machine.
    """

    name: str
    page: str
    stated: str
    frames_per_s: float
    cores: int
    cards: int = 0


MACHINES = (
    Machine("watched live, 2 cores", "watch.md", "19.7 ms of processor a frame", 2 / 0.0197, 2),
    Machine("files, 2 cores, with motion", "benchmarks.md", "54.7 frames/s", 54.7, 2),
    Machine("files, 2 cores", "benchmarks.md", "| 81.4 |", 81.4, 2),
    Machine("files, an H200 and 16 cores", "benchmarks.md", "201 frames/s", 201.0, 16, 1),
)


@dataclasses.dataclass(frozen=True)
class Cost:
    """What some cameras need on one kind of machine.

    Attributes:
        machines: whole ones, that keep up with the cameras.
        core_hours: of processor a day, of the time that is used.
        card_hours: of cards a day, of the time that is used.
    """

    machines: int
    core_hours: float
    card_hours: float


def cost(machine: Machine, cameras: int, *, rate: float, busy: float) -> Cost:
    """Return what cameras need.

    >>> cost(Machine("", "", "", 50.0, 2), 10, rate=5.0, busy=0.5)
    Cost(machines=2, core_hours=48.0, card_hours=0.0)

    Args:
        machine: with its rate.
        cameras: how many.
        rate: frames a second of each that are looked at.
        busy: share of its time that a machine may work.

    Returns:
        Machines, and hours of a day.
    """
    share = cameras * rate / machine.frames_per_s  # of one machine's whole time
    hours = 24 * share
    return Cost(math.ceil(share / busy - 1e-9), hours * machine.cores, hours * machine.cards)


def table(*, rate: float, busy: float, core_hour: float, card_hour: float) -> list[str]:
    """Return the table, a line each; see `cost` for the arguments, and the prices of an hour."""
    lines = [
        "| cameras | frames a day | features a day | scores a day | "
        + " | ".join(f"{machine.name}: machines, cost a day" for machine in MACHINES)
        + " |",
        "|" + "---|" * (4 + len(MACHINES)),
    ]
    for cameras in CAMERAS:
        frames = cameras * rate * DAY_S
        cells = [f"{cameras:,}", _short(frames)]
        cells += [_bytes(frames * each) for each in (FEATURE_BYTES, SCORE_BYTES)]
        for machine in MACHINES:
            found = cost(machine, cameras, rate=rate, busy=busy)
            price = found.core_hours * core_hour + found.card_hours * card_hour
            cells.append(f"{found.machines:,}, {_short(price)}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _short(value: float) -> str:
    """Return a number to two digits.

    >>> [_short(value) for value in (0.123, 4.56, 43210.0, 4.3e9)]
    ['0.12', '4.6', '43,000', '4.3e9']
    """
    if value >= 1e6:
        return f"{value:.1e}".replace("e+0", "e").replace("e+", "e")
    if value < 10:
        return f"{value:.2g}"
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):,.0f}"


def _bytes(value: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{_short(value)} {unit}"
        value /= 1000
    return f"{_short(value)} PB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=5.0)
    parser.add_argument("--busy", type=float, default=0.7)
    parser.add_argument("--core_hour", type=float, default=0.05)
    parser.add_argument("--card_hour", type=float, default=3.0)
    args = parser.parse_args(arguments)
    print("\n".join(table(**vars(args))))


if __name__ == "__main__":
    main()
