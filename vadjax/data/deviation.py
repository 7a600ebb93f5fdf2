"""What is not as it should be in a data set, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """Something that is not as the data set's authors describe it, and what follows from it."""

    what: str
    meaning: str


def gathered(notes: Mapping[str, Sequence[Deviation]]) -> list[Deviation]:
    """Put equal notes of several clips into one deviation.

    Args:
      notes: of each clip, by its id; what follows the first ": " is an example.

    Returns:
      A deviation for each kind of note, with the clips and the first one's example.
    """
    kinds: dict[tuple[str, str], list[tuple[str, Deviation]]] = {}
    for clip, those in notes.items():
        for note in those:
            kinds.setdefault((note.what.split(": ")[0], note.meaning), []).append((clip, note))
    return [_joined(found) for found in kinds.values()]


def _joined(found: Sequence[tuple[str, Deviation]]) -> Deviation:
    clip, note = found[0]
    has_example = len(found) > 1 and ": " in note.what
    what = f"{note.what} ({clip})" if has_example else note.what
    return Deviation(f"{_some([each for each, _ in found])}: {what}", note.meaning)


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - 6} more" if len(items) > 6 else ""
    return ", ".join(items[:6]) + more
