"""Put things and numbers into words, however many there are."""

from collections.abc import Iterable, Sequence


def some(items: Sequence) -> str:
    """Join at most six things for a message."""
    more = f" and {len(items) - 6} more" if len(items) > 6 else ""
    return ", ".join(map(str, items[:6])) + more


def spans(numbers: Iterable[int]) -> str:
    """Join numbers, runs of them as one.

    >>> spans([1, 2, 3, 7])
    '1-3, 7'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return some([f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs])
