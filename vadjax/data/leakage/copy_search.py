"""Finds stretches of video that a test clip and a training clip have in common.

Equal frames are found by their hash. Altered ones (encoded again, resized, brighter) are found by
what moves, because the frames of a fixed camera are all alike: candidates share the blocks that
change most, and are then compared block by block (docs/protocols.md).
"""

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vadjax.data.leakage.changed_rows import Rows
from vadjax.data.leakage.copy_keys import KeyIndex, hash_keys, motion_keys
from vadjax.data.leakage.copy_match import agree, altered_stretches, equal_stretches, is_distinct
from vadjax.data.leakage.crop_search import find_crops
from vadjax.data.leakage.variants import Variant, paced, variants

Keys = Callable[..., tuple[np.ndarray, np.ndarray]]  # of `Rows`
CROPS_UP_TO = 5_000  # pairs of clips; of more, cropped copies are not looked for
Compare = Callable[..., Iterator[tuple[int, int, float]]]  # of two


@dataclass(frozen=True)
class Copy:
    """Frames of a test clip that another clip has too.

    Attributes:
        video: id of the test clip.
        start: its first frame that is a copy.
        stop: the frame after the last.
        other: id of the clip with the same frames.
        other_start: the frame there that equals `start`.
        kind: "equal", "altered" (encoded again, resized, brighter or darker), or a kind of
            `variants.Variant`.
        score: correlation of what changes in the two stretches; 1 where they are equal.
        speed: frames of `other` for one of `video`; below 0 it plays backwards.
    """

    video: str
    start: int
    stop: int
    other: str
    other_start: int
    kind: str
    score: float
    speed: float = 1.0

    def others(self) -> np.ndarray:
        """Return the frame of `other` for each frame from `start` to `stop`."""
        frames = np.arange(self.stop - self.start) * self.speed
        return self.other_start + np.round(frames).astype(np.int64)


def find_copies(tests: Mapping[str, np.ndarray], used: Mapping[str, np.ndarray]) -> list[Copy]:
    """Find what test clips have in common with used ones.

    A still scene is no copy of another: equal stretches have `copy_match.DISTINCT` different
    frames, altered ones change in more than two patterns and match at one place only. A clip of
    one frame is an image, which is a copy of an equal one unless both are blank.

    Args:
        tests: id -> `content.ROW` [t] of each test clip.
        used: id -> `content.ROW` [t] of clips that were used otherwise; a clip is not compared
            with itself.

    Returns:
        The copies, in the order of the test clips and their frames.
    """
    equal = _search(tests, used, hash_keys, equal_stretches, "equal")
    equal += _equal_images(tests, used)
    altered = _search(tests, used, motion_keys, altered_stretches, "altered")
    found = equal + [
        copy
        for copy in altered
        if not any(_covers(each, copy) for each in equal)
        and is_distinct(
            tests[copy.video][copy.start : copy.stop],
            used[copy.other],
            other_start=copy.other_start,
        )
    ]
    found += _changed(tests, used, found)
    order = {name: number for number, name in enumerate(tests)}
    return sorted(found, key=lambda c: (order[c.video], c.start, c.other, c.other_start))


def _changed(
    tests: Mapping[str, np.ndarray], used: Mapping[str, np.ndarray], found: Sequence[Copy]
) -> list[Copy]:
    """Find the copies that are mirrored, cropped, faster, ... of pairs of which none is known."""
    known = {(copy.video, copy.other) for copy in found}
    more: list[Copy] = []
    for pace, group in itertools.groupby(variants(), key=lambda variant: variant.pace):
        against = {name: paced(rows, pace) for name, rows in used.items()}
        index = KeyIndex([motion_keys(rows) for rows in against.values()])
        for variant in group:
            seen = {name: variant.change(rows) for name, rows in tests.items()}
            for copy in _search(
                seen, against, motion_keys, altered_stretches, variant.kind, index, known
            ):
                if is_distinct(
                    seen[copy.video][copy.start : copy.stop],
                    against[copy.other],
                    other_start=copy.other_start,
                ):
                    more.append(_as_it_is(copy, variant, len(tests[copy.video])))
    known |= {(copy.video, copy.other) for copy in more}
    if len(tests) * len(used) <= CROPS_UP_TO:
        more += _cropped_copies(tests, used, known)
    return _best_of_pairs(more)


def _cropped_copies(
    tests: Mapping[str, np.ndarray],
    used: Mapping[str, np.ndarray],
    known: Collection[tuple[str, str]],
) -> list[Copy]:
    """Find the test clips that are cut out of the frames of a used one, or the other way round."""
    found = []
    for kind, video, other, start, stop, crop in find_crops(tests, used, known):
        place = (start, stop, other, start + crop.offset)
        found.append(Copy(video, *place, kind, round(crop.like, 4)))
    known = {(other, video) for video, other in known}
    for kind, other, video, start, stop, crop in find_crops(used, tests, known):
        place = (start + crop.offset, stop + crop.offset, other, start)  # the used one is cut
        found.append(Copy(video, *place, kind, round(crop.like, 4)))
    return found


def _as_it_is(copy: Copy, variant: Variant, length: int) -> Copy:
    """Return a copy of changed clips in frames of the clips as they are."""
    slow = max(1.0, 1 / abs(variant.speed))  # one test frame of so many was compared
    start = round(copy.start * slow)
    stop = min(length, round((copy.stop - 1) * slow) + 1)
    other_start = copy.other_start
    if variant.speed < 0:  # the test clip was reversed, and then thinned
        start, stop = length - stop, length - start
        other_start += copy.stop - copy.start - 1
    other_start = round(other_start * variant.pace)
    return replace(copy, start=start, stop=stop, other_start=other_start, speed=variant.speed)


def _best_of_pairs(copies: Sequence[Copy]) -> list[Copy]:
    """Keep the likest of what was found of the same two clips: a crop is alike at many places."""
    best: dict[tuple[str, str], Copy] = {}
    for copy in copies:
        last = best.get((copy.video, copy.other))
        if last is None or copy.score > last.score:
            best[copy.video, copy.other] = copy
    return list(best.values())


def _equal_images(tests: Mapping[str, np.ndarray], used: Mapping[str, np.ndarray]) -> list[Copy]:
    """Find the images, clips of one frame, that another clip of one frame shows too."""
    names: dict[int, list[str]] = {}
    for name, rows in used.items():
        if len(rows) == 1 and np.ptp(rows["grid"][0]):
            names.setdefault(int(rows["hash"][0]), []).append(name)
    return [
        Copy(video, 0, 1, other, 0, "equal", 1.0)
        for video, rows in tests.items()
        if len(rows) == 1
        for other in names.get(int(rows["hash"][0]), ())[:1]
        if other != video
    ]


def _covers(equal: Copy, copy: Copy) -> bool:
    """Say whether a copy repeats, but for its ends, what an equal stretch says."""
    same = (equal.video, equal.other) == (copy.video, copy.other)
    offset = equal.other_start - equal.start == copy.other_start - copy.start
    shared = min(equal.stop, copy.stop) - max(equal.start, copy.start)
    return same and offset and 2 * shared >= copy.stop - copy.start


def _search(
    tests: Mapping[str, Rows],
    used: Mapping[str, Rows],
    keys: Keys,
    compare: Compare,
    kind: str,
    index: KeyIndex | None = None,
    known: Collection[tuple[str, str]] = (),
) -> list[Copy]:
    """Compare each test clip with the used ones that share most of its keys at one distance."""
    names, found = list(used), []
    index = index or KeyIndex([keys(rows) for rows in used.values()])
    for video, rows in tests.items():
        own = []
        for number, offset, frames in index.candidates(*keys(rows)):
            other = names[number]
            if other == video or (video, other) in known:
                continue
            start, other_start = max(0, -offset), max(0, offset)
            a, b = rows[start:], used[other][other_start:]
            shared = min(len(a), len(b))
            if kind != "equal" and not agree(a[:shared], b[:shared], frames - start):
                continue
            for first, stop, score in compare(a[:shared], b[:shared]):
                place = (start + first, start + stop, other, other_start + first)
                own.append(Copy(video, *place, kind, round(score, 4)))
        found += _best(own)
    return found


def _best(copies: list[Copy]) -> list[Copy]:
    """Leave out what a better match of the same frames and clip says: a frame later is alike."""
    kept: list[Copy] = []
    for copy in sorted(copies, key=lambda c: (-c.score, c.start - c.stop)):
        if not any(
            copy.other == one.other and copy.start < one.stop and one.start < copy.stop
            for one in kept
        ):
            kept.append(copy)
    return kept
