"""Random changes of a file: bytes, numbers, pieces, and the values of JSON."""

import json
import random
import re
from collections.abc import Sequence

_INTERESTING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\1", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f")
_INTERESTING += (b"\0\0\0\0", b"\0\0\0\x80", b"\0\0\1\0", b"\0\0\0\0\0\0\0\x40")
_NUMBERS = (
    b"0",
    b"-1",
    b"1e308",
    b"-0",
    b"9" * 20,
    b"1" * 5000,
    b"nan",
    b"1e-400",
    b"0x1",
    b"4294967296",
)
_VALUES = (
    None,
    True,
    -1,
    0,
    1e308,
    10**30,
    "",
    "x" * 50,
    "\0",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    "NaN",
)


def mutated(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """Return one of the files with a few random changes.

    Args:
        seeds: whole files.
        rng: decides.

    Returns:
        The changed bytes.
    """
    data = bytearray(rng.choice(seeds))
    if data[:1] == b"{" and rng.random() < 0.6:
        return _changed_json(bytes(data), rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if not data:
            break
        place, kind = rng.randrange(len(data)), rng.random()
        if kind < 0.3:
            data[place] = rng.randrange(256)
        elif kind < 0.4:
            data[place] ^= 1 << rng.randrange(8)
        elif kind < 0.6:
            some = rng.choice(_INTERESTING)
            data[place : place + len(some)] = some
        elif kind < 0.7:
            numbers = list(re.finditer(rb"\d+", data))
            if numbers:
                start, stop = rng.choice(numbers).span()
                data[start:stop] = rng.choice(_NUMBERS)
        elif kind < 0.8:
            del data[place : place + rng.choice((1, 2, 8, 100))]
        elif kind < 0.87:
            piece = data[place : place + rng.choice((1, 8, 64, 500))]
            data[place:place] = piece * rng.choice((1, 2, 20))
        elif kind < 0.93:
            other = rng.choice(seeds)
            start = rng.randrange(len(other)) if other else 0
            data[place:] = other[start:]
        else:
            del data[place:]
    return bytes(data)


def _changed_json(data: bytes, rng: random.Random) -> bytes:
    """Return a JSON text with one value changed, renamed or removed."""
    try:
        tree = json.loads(data)
    except ValueError:
        return data
    places: list[tuple] = []

    def walk(node) -> None:
        keys = (
            node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        )
        for key in keys:
            places.append((node, key))
            walk(node[key])

    walk(tree)
    for _ in range(rng.choice((1, 1, 2))):
        node, key = rng.choice(places)
        try:
            if rng.random() < 0.2:
                del node[key]
            else:
                node[key] = rng.choice(_VALUES)
        except (KeyError, IndexError):
            continue
    return json.dumps(tree).encode()
