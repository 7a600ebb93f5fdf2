"""Lines that carry figures, each with a fault that the tests must notice; one file a part.

`tools/mutate.py` puts in one fault at a time and runs the tests that are named. An entry is the
file, the text as it stands in exactly one place, the fault, and the tests.
`tests/test_mutations.py` says which entries no longer match; mend them when you change such a line.
"""

from typing import NamedTuple

from faults import data, detectors, evaluation, features, models, pipeline


class Mutation(NamedTuple):
    """One fault.

    Attributes:
        file: below the root of the repository.
        text: what stands there, once.
        fault: what is put in its place.
        tests: arguments of pytest, separated by spaces.
    """

    file: str
    text: str
    fault: str
    tests: str


PARTS = (data, features, detectors, models, evaluation, pipeline)
MUTATIONS = tuple(Mutation(*row) for part in PARTS for row in part.ROWS)
