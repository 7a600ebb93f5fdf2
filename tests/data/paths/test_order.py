import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.data.paths import order


@pytest.mark.parametrize(
    "names",
    [
        ["1.png", "2.png", "10.png"],
        ["frame_9.png", "frame_10.png"],
        ["-10.png", "-2.png", "-1.png", "0.png", "1.png", "10.png"],
        ["t=-0.5.png", "t=-0.25.png", "t=0.png", "t=0.25.png"],
        ["frame-2.png", "frame-1.png", "frame0.png", "frame1.png"],  # a minus
        ["frame-1.png", "frame-2.png", "frame-10.png"],  # a hyphen
        ["2024-11-01.png", "2024-11-09.png", "2024-11-10.png"],
        ["1700000000.1.png", "1700000000.25.png", "1700000001.png"],
        ["0.png", "0.04.png", "0.08.png", "0.1.png", "0.12.png", "1.0.png"],
        ["1.05.png", "1.1.png", "1.25.png"],
        ["t=-1e-04.png", "t=0.png", "t=1e-05.png", "t=2.5e-05.png", "t=0.0001.png", "t=1e+16.png"],
        ["3e-4f-9.png", "3e-4f-10.png"],  # no exponents
        ["cam1.9.png", "cam1.10.png", "cam1.11.png", "cam2.1.png"],  # two counters
        ["c1.01.png", "c1.99.png", "c1.100.png"],
        ["12.30.05.png", "12.30.15.png", "13.05.00.png"],
        ["img.png", "img (1).png", "img (2).png", "img (10).png"],
        ["img.png", "img-1.png", "img-2.png", "img-10.png"],
        ["frame10.png", "frame10a.png", "frame10b.png", "frame11.png"],
        ["1_2.png", "1_10.png", "2_1.png"],
        ["cam.v2", "cam.v10"],
        ["a1.avi", "B2.avi", "c3.avi"],
    ],
)
def test_numbers_are_read_as_people_mean_them(names):
    mixed = list(names)
    random.Random(0).shuffle(mixed)
    assert order.natural_order(mixed) == names


@given(st.lists(st.integers(-(10**6), 10**6), unique=True, min_size=1))
def test_order_of_whole_numbers(numbers):
    names = [f"frame_{n}.bmp" for n in numbers]
    if all(n < 0 for n in numbers):
        names.append("frame_0.bmp")
        numbers = [*numbers, 0]
    assert order.natural_order(names) == [f"frame_{n}.bmp" for n in sorted(numbers)]


@given(st.lists(st.integers(0, 10**9), unique=True, min_size=1))
def test_order_of_decimals_is_that_of_floats(numbers):
    """Python writes no zeros at the end, so names are of several lengths."""
    values = [n / 10**4 for n in numbers]
    assert order.natural_order([f"{v}.png" for v in values]) == [f"{v}.png" for v in sorted(values)]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 30)), unique=True, min_size=1))
def test_order_of_padded_pairs(pairs):
    names = [f"{a}.{b:03d}.jpg" for a, b in pairs]
    assert order.natural_order(names) == [f"{a}.{b:03d}.jpg" for a, b in sorted(pairs)]


@given(st.lists(st.text(alphabet="a0_1Z.2-( )é", max_size=6), unique=True))
def test_order_is_total_and_doubts_never_raise(names):
    assert order.natural_order(names) == order.natural_order(list(reversed(names)))
    assert sorted(order.natural_order(names)) == sorted(names)
    assert all(isinstance(doubt, str) for doubt in order.doubts(names))


@pytest.mark.parametrize(
    ("names", "doubt"),
    [
        (["1.1.png", "1.25.png", "1.3.png"], "as decimals: 1.25.png before 1.3.png"),
        (["1.9.png", "1.10.png"], "as two numbers each: 1.9.png before 1.10.png"),
        (["-1.png", "-2.png"], "a hyphen before a number is read as its minus: -2.png before"),
        (["f-1.png", "f-2.png", "f0.png"], "as its minus: f-2.png before f0.png"),
        (["01.png", "1.png", "2.png"], "01.png and 1.png have the same number"),
        (["1.png", "1 (1).png", "2.png"], "1 (1).png looks like the copy of another frame"),
        (["a1.png", "a2.png", "b1.png"], "names are of 2 patterns, such as a1.png and b1.png"),
        (["1-00 PM.png", "2-00 PM.png"], "times of day with am and pm"),
        (["01-02-2024.png", "31-01-2024.png"], "dates are sorted by the number that comes first"),
        (["001.tif", "002.tif", "010.tif"], None),
        (["0.25.png", "0.50.png"], None),
        (["x.png", "x (1).png", "x (2).png"], None),
        (["-1.png", "0.png", "1.png"], None),
        (["one.png"], None),
        ([], None),
    ],
)
def test_what_is_doubtful_is_said(names, doubt):
    found = order.doubts(names)
    assert any(doubt in each for each in found) if doubt else found == []
