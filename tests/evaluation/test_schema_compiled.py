"""The compiled schema says of every dict what jsonschema says of it."""

import copy
import json

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.cases import case, evaluate
from vadjax.evaluation.schema import _fits, wrong_values
from vadjax.evaluation.schema_tables import SCHEMA

PEER = jsonschema.Draft202012Validator(SCHEMA)
PLAIN = json.loads(json.dumps(evaluate(**case())))
LISTS_OF_NUMBERS = [[0.1, 2], [], [1.0, None], ["a"]]
VALUES = st.sampled_from([None, True, 0, -1, 1, 1.5, -0.5, 2.0, "", "x", {}, *LISTS_OF_NUMBERS])


def places(tree, path=()):
    """Yield the path of every value."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in pairs:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(places(PLAIN))), VALUES), min_size=1, max_size=2))
def test_the_compiled_schema_agrees_with_jsonschema(changes):
    changed = copy.deepcopy(PLAIN)
    for (*parents, last), value in changes:
        part = changed
        try:
            for key in parents:
                part = part[key]
            part[last] = value
        except (KeyError, IndexError, TypeError):
            pass  # an earlier change took the place away
    assert _fits(changed) == PEER.is_valid(changed)
    of_keys = {"required", "additionalProperties"}
    wrong = [error for error in PEER.iter_errors(changed) if error.validator not in of_keys]
    assert bool(wrong_values(changed)) == bool(wrong)


def test_what_was_measured_fits():
    assert _fits(PLAIN) and PEER.is_valid(PLAIN) and wrong_values(PLAIN) == []


def test_missing_and_unknown_keys_are_no_wrong_values():
    some = {key: value for key, value in PLAIN.items() if key != "detector"}
    assert not _fits(some) and wrong_values(some) == []
    more = {**PLAIN, "frame": {**PLAIN["frame"], "area": 0.5}}
    assert not _fits(more) and wrong_values(more) == []
