"""Measures of maps on hand-made frames, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

from vadjax.errors import UserError
from vadjax.explain import map_measures

MASK = np.zeros((4, 6), np.uint8)
MASK[1:3, 2:4] = 255  # 4 of 24 pixels


def test_a_perfect_and_a_reversed_map():
    assert map_measures.place_measures(np.float32(MASK > 0), MASK) == {
        "pointing": 1.0,
        "energy": 1.0,
        "map_auc": 1.0,
    }
    assert map_measures.place_measures(np.float32(MASK == 0), MASK) == {
        "pointing": 0.0,
        "energy": 0.0,
        "map_auc": 0.0,
    }


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_map_without_differences_is_worth_chance(value):
    found = map_measures.place_measures(np.full(MASK.shape, value, np.float32), MASK)
    assert found == pytest.approx({"pointing": 4 / 24, "energy": 4 / 24, "map_auc": 0.5})


def test_by_hand():
    values = np.zeros((4, 6), np.float32)
    values[1, 2], values[0, 0], values[3, 5] = 3, 3, 2  # two maxima, one of them on the mask
    found = map_measures.place_measures(values, MASK)
    assert found["pointing"] == 0.5
    assert found["energy"] == 3 / 8
    # of 80 pairs: the lit pixel beats 18, draws with 1 and loses to none; 3 draw with 18, lose to 2
    assert found["map_auc"] == pytest.approx((18 + 1 + 0.5 + 3 * 9) / 80)


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(np.float32, (5, 6), elements=st.sampled_from([0, 0.25, 0.5, 1, 2])),
    hnp.arrays(np.uint8, (5, 6), elements=st.integers(0, 1)),
)
def test_the_auc_is_scikit_learns(values, mask):
    if 0 < mask.sum() < mask.size:
        found = map_measures.place_measures(values, mask)["map_auc"]
        assert found == pytest.approx(roc_auc_score(mask.ravel(), values.ravel()))


def rivals(values):
    return {"value": values, "centre": values, "motion": np.zeros_like(values)}


def test_frames_whose_mask_says_nothing_are_counted():
    empty, full = np.zeros_like(MASK), np.ones_like(MASK)
    maps = rivals(np.float32(MASK))
    part, counts = map_measures.by_masks([("a", MASK, maps), ("a", empty, maps), ("b", full, maps)])
    assert counts == {"frames": 1, "left_out": 2}
    assert part["energy"] == pytest.approx(
        {"chance": 4 / 24, "value": 1, "centre": 1, "motion": 4 / 24}
    )
    part, counts = map_measures.by_masks([("a", empty, maps)])
    assert part == {"pointing": None, "energy": None, "map_auc": None}
    assert counts == {"frames": 0, "left_out": 1}


def test_masks_of_another_size_are_refused():
    with pytest.raises(UserError, match=r"clip: its masks are 4 x 6 pixels, its frames 8 x 12"):
        map_measures.by_masks([("clip", MASK, rivals(np.zeros((8, 12), np.float32)))])


def test_the_controls():
    centre = map_measures.centre_prior((3, 5))
    assert centre.shape == (3, 5) and centre.argmax() == 7
    np.testing.assert_allclose(centre, centre[::-1, ::-1])
    before = np.full((4, 4, 3), 10, np.uint8)
    frame = before.copy()
    frame[:2, :2] = 250
    assert map_measures.difference_map(before, frame, (2, 2)).tolist() == [[240, 0], [0, 0]]
    assert not map_measures.difference_map(frame, frame, (2, 2)).any()


def test_deletion_puts_the_background_where_a_map_is_highest():
    frames = np.full((2, 2, 5), 200, np.uint8)
    background = np.arange(10, dtype=np.uint8).reshape(2, 5)
    values = np.arange(10, dtype=np.float32).reshape(2, 5)
    found = map_measures.deleted(frames, background, values, fractions=(0.2, 0.5))
    assert found.shape == (2, 2, 2, 5)
    for window, count in zip(found, (2, 5), strict=True):
        for frame in window:
            assert (frame == 200).sum() == 10 - count
            assert frame.ravel()[-count:].tolist() == list(range(10 - count, 10))


def test_deleting_what_is_abnormal_takes_the_score():
    frames = np.zeros((1, 10, 10), np.uint8)
    frames[:, 0, :5] = 100  # 5 pixels, the anomaly
    good, bad = np.zeros((2, 10, 10), np.float32)
    good[0, :5], bad[9] = 1, 1
    found = map_measures.deletion(
        frames,
        np.zeros((10, 10), np.uint8),
        {"value": good, "centre": bad},
        lambda windows: windows.sum((1, 2, 3)),
    )
    assert found["value"] == 0.0
    assert found["centre"] > 0.7
    nothing = np.zeros((10, 10), np.uint8)
    maps = {"value": good}
    assert map_measures.deletion(frames, nothing, maps, lambda w: np.zeros(len(w))) is None


def test_rank_correlation():
    maps = np.arange(6.0).reshape(1, 2, 3)
    assert map_measures.rank_correlation(maps, np.exp(maps)) == pytest.approx(1)
    assert map_measures.rank_correlation(maps, -maps) == pytest.approx(-1)
    assert map_measures.rank_correlation(maps, np.zeros_like(maps)) is None
