"""The suite `copies` of tools/bench.py, on few clips."""

from tools.benchmarks import copies


def test_the_copies_that_were_put_in_are_found_and_the_table_has_a_row_a_count():
    found = copies.run((8,))
    assert found[8]["n"] == 2 and found[8]["peak"] >= found[8]["before"] > 0
    head, _, row = copies.markdown(found).strip().splitlines()
    assert head.count("|") == row.count("|") and row.startswith("| 8 |")


def test_clips_are_drawn_alike_each_time_and_differ_from_one_another():
    (tests, used), (again, _) = copies.clips(4), copies.clips(4)
    assert all((tests[name] == again[name]).all() for name in tests)
    assert set(tests) == {"test/0", "test/1"} and set(used) == {"train/0", "train/1"}
    assert (used["train/0"]["grid"] != used["train/1"]["grid"]).any()
