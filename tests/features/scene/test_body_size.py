"""The height of bodies by row, against the heights that were drawn."""

import numpy as np

from vadjax.features.scene import body_size

HEIGHT, WIDTH = 240, 320
LEVEL, SLOPE = 8.0, 0.15  # of the drawn bodies: height = LEVEL + SLOPE * row of the foot


def masks(number=40, seed=0, extra=lambda mask, rng: None):
    """Foreground masks, each with a body whose foot is somewhere between rows 60 and 220."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        foot = int(rng.integers(60, 220))
        tall = round(LEVEL + SLOPE * foot)
        left = int(rng.integers(10, 150))
        mask[foot - tall : foot, left : left + max(3, round(0.4 * tall))] = 1
        extra(mask, rng)
        yield mask


def heights(of):
    return body_size.fit_heights(
        np.concatenate([body_size.component_heights(mask) for mask in of]), HEIGHT
    )


def assert_near(found, tolerance=0.1):
    """Right in the middle of the rows, with half the slope that was drawn."""
    slope = (found[180] - found[110]) / 70
    assert abs(slope - SLOPE / 2) < 0.25 * SLOPE / 2
    np.testing.assert_allclose(found[150], LEVEL + SLOPE * 150, rtol=tolerance)


def test_a_component_is_measured_from_its_foot():
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[50:80, 100:112] = 1
    np.testing.assert_array_equal(body_size.component_heights(mask), [[80, 30]])


def test_what_is_no_body_is_left_out():
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[0:40, 20:35] = 1  # cut by the upper edge
    mask[200:240, 60:75] = 1  # by the lower
    mask[100:130, 305:320] = 1  # by the right
    mask[100:104, 100:104] = 1  # a speck
    mask[150:160, 100:180] = 1  # much wider than high: a crowd, a car
    mask[60:180, 250:254] = 1  # a pole
    ring = np.zeros((40, 40), np.uint8)
    ring[[0, -1], :], ring[:, [0, -1]] = 1, 1  # an outline: hardly any of its box is foreground
    mask[60:100, 180:220] = ring
    assert len(body_size.component_heights(mask)) == 0


def test_heights_grow_with_the_row_as_they_were_drawn():
    found = heights(masks(60))
    assert found.shape == (HEIGHT,) and found.dtype == np.float32
    assert_near(found)


def test_specks_and_merged_crowds_do_not_move_the_line():
    def more(mask, rng):
        for _ in range(3):  # specks, below the least height
            y, x = rng.integers(20, 220), rng.integers(200, 310)
            mask[y : y + 4, x : x + 3] = 1
        if rng.random() < 0.2:  # two people, one behind the other, seen as one
            foot = int(rng.integers(120, 220))
            tall = round(1.9 * (LEVEL + SLOPE * foot))
            mask[foot - tall : foot, 220 : 220 + tall // 2] = 1

    assert_near(heights(masks(120, extra=more)))


def test_nothing_is_claimed_of_rows_in_which_nothing_was_seen():
    found = heights(masks(60))
    assert found[0] == found[40] and found[225] == found[-1]


def test_all_in_one_row_have_their_median_height():
    rows = np.full(50, 100.0)
    tall = np.r_[np.full(45, 20.0), np.full(5, 90.0)]
    found = body_size.fit_heights(np.stack([rows, tall], 1).astype(np.float32), HEIGHT)
    np.testing.assert_array_equal(found, np.full(HEIGHT, 20.0))


def test_a_height_never_shrinks_towards_the_camera():
    rows = np.linspace(60, 220, 100)
    found = body_size.fit_heights(np.stack([rows, 60 - 0.1 * rows], 1).astype(np.float32), HEIGHT)
    assert np.ptp(found) == 0


def test_too_few_give_nothing():
    enough = np.tile(np.float32([[100, 20]]), (body_size.FEW, 1))
    assert body_size.fit_heights(enough, HEIGHT) is not None
    assert body_size.fit_heights(enough[1:], HEIGHT) is None
