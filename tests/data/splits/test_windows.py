"""Windows against a plain double loop, and that none crosses from one video into the next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadjax.data.splits.windows import covered, join_tables, padding_of, window_span, window_table
from vadjax.errors import UserError

SIZES = st.fixed_dictionaries(
    {
        "length": st.integers(1, 6),
        "stride": st.integers(1, 5),
        "dilation": st.integers(1, 4),
    }
)


def looped(lengths, starts, *, length, stride, dilation):
    rows, video = [], []
    for number, (count, start) in enumerate(zip(lengths, starts, strict=True)):
        first = 0
        while first + (length - 1) * dilation < count:
            rows.append([start + first + k * dilation for k in range(length)])
            video.append(number)
            first += stride
    return rows, video


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 30), max_size=6), SIZES, st.integers(0, 9))
def test_windows_are_those_of_a_plain_loop(lengths, sizes, gap):
    starts = np.cumsum([gap] + [n + gap for n in lengths])[: len(lengths)]
    table = window_table(lengths, starts=starts, **sizes)
    rows, video = looped(lengths, starts, **sizes)
    assert table.rows.dtype == table.video.dtype == np.int32
    assert table.rows.shape == (len(rows), sizes["length"])
    assert table.rows.tolist() == rows and table.video.tolist() == video
    assert table.skipped == tuple(n for n in range(len(lengths)) if n not in video)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 12), max_size=6), SIZES, st.integers(0, 9))
def test_a_short_video_gives_one_padded_window(lengths, sizes, gap):
    starts = np.cumsum([gap] + [n + gap for n in lengths])[: len(lengths)]
    table = window_table(lengths, starts=starts, pad=True, **sizes)
    rows, video, padding = [], [], []
    for number, (count, start) in enumerate(zip(lengths, starts, strict=True)):
        own, of = looped([count], [start], **sizes)
        if count and not own:
            back = [count - 1 - k * sizes["dilation"] for k in range(sizes["length"])][::-1]
            own, of = [[start + max(i, 0) for i in back]], [0]
            padding += [sum(i < 0 for i in back)]
        else:
            padding += [0] * len(own)
        rows += own
        video += [number] * len(of)
    assert table.rows.tolist() == rows and table.video.tolist() == video
    assert padding_of(table).tolist() == padding
    assert (table.padding is None) == (not any(padding))
    assert table.skipped == tuple(n for n, count in enumerate(lengths) if not count)
    both = join_tables([table, window_table([9], length=sizes["length"], stride=1)])
    assert (
        padding_of(both)[: len(table)].tolist() == padding
        and not padding_of(both)[len(table) :].any()
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), SIZES)
def test_windows_never_cross_videos(lengths, sizes):
    owner = np.repeat(np.arange(len(lengths)), lengths)
    table = window_table(lengths, **sizes)
    assert (owner[table.rows] == table.video[:, None]).all()
    span = window_span(sizes["length"], sizes["dilation"])
    assert (table.rows[:, -1] - table.rows[:, 0] + 1 == span).all()


def test_a_window_longer_than_a_video_is_reported():
    table = window_table([3, 9, 4], length=5, stride=1)
    assert table.skipped == (0, 2)
    assert set(table.video.tolist()) == {1}
    assert len(window_table([2], length=5, stride=1)) == 0


def test_covered_rows():
    table = window_table([5, 2, 4], length=3, stride=2)  # rows 0-2 2-4, none, 7-9
    every = [True] * 5 + [False] * 2 + [True] * 3 + [False]
    assert covered(table, 11).tolist() == every
    assert np.flatnonzero(covered(table, 11, last=1)).tolist() == [2, 4, 9]


def test_sizes_below_one_are_refused():
    with pytest.raises(UserError, match=r"window\.stride is 0; it must be at least 1"):
        window_table([4], length=2, stride=0)
