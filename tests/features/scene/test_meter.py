"""Motion, stillness and windows of one video, against what was drawn."""

import numpy as np
import pytest

from tests import drawn
from vadjax.errors import UserError
from vadjax.features.scene import meter as meters
from vadjax.features.scene.meter import CHANNELS, SceneMeter
from vadjax.features.scene.reference import CELL

BACK = drawn.backdrop()
BODY = 24
CAMERA = drawn.reference(BACK, body=BODY)
X, Y, SHARE, NOISE, STILL, LIGHT = range(len(CHANNELS))


def frame_with(x, y, side=BODY):
    return drawn.put(BACK.copy(), drawn.texture(side, side), x, y)


def run(frames, fps=10.0):
    meter = SceneMeter(CAMERA, fps)
    return [meter.update(frame) for frame in frames]


@pytest.mark.parametrize("velocity", [(3.0, 0.0), (-2.0, 0.0), (0.0, 2.0), (2.0, -1.5)])
@pytest.mark.parametrize(("side", "tolerance"), [(44, 0.1), (BODY, 0.25)])
def test_a_square_that_moves_has_its_velocity_at_its_place(velocity, side, tolerance):
    """Where the box is all of the body; at a body's edge flow is smoothed with what stands."""
    start = np.array([64.0, 48.0]) - side / 2 - 2 * np.array(velocity)
    places = [start + k * np.array(velocity) for k in range(5)]
    last = run([frame_with(*place, side) for place in places])[-1].cells.astype(np.float64)
    row, column = ((places[-1] + side / 2)[::-1] // CELL).astype(int)
    flow, share = last[row, column, :2], last[row, column, SHARE]
    speed = np.hypot(*velocity)
    np.testing.assert_allclose(flow / share, velocity, atol=tolerance * speed)
    away = np.hypot(*np.moveaxis(last[..., :2], -1, 0))
    assert away[:, [0, -1]].max() == 0 and away.max() > 0.5 * speed


def test_the_first_frame_has_no_flow_but_windows():
    first, second = run([frame_with(40, 40), frame_with(43, 40)])
    assert not first.cells[..., :2].any() and second.cells[..., X].max() > 1
    assert first.cells[..., SHARE].max() > 0.8 and len(first.centres) == 1


def test_cells_are_means_over_boxes_nearly_as_large_as_a_body():
    """Against sums over every box, pixel by pixel, at half size."""
    rng = np.random.default_rng(1)
    values = rng.random((48, 64, 3)).astype(np.float32)
    meter = SceneMeter(CAMERA, 10.0)
    half = round(meters.BOX * BODY / 4)  # of the side, at half size
    found = meter._cells(values, 1.0).astype(np.float64)
    assert found.shape == (12, 16, 6)
    for row in range(12):
        for column in range(16):
            y, x = 4 * row + 2, 4 * column + 2
            box = values[max(y - half, 0) : y + half, max(x - half, 0) : x + half]
            mean = box.sum((0, 1)) / (2 * half) ** 2  # beyond the frame is nothing
            np.testing.assert_allclose(found[row, column, :3], mean, rtol=2e-3)


def test_boxes_are_as_large_as_bodies_at_their_row():
    camera = drawn.reference(BACK)
    camera.body[:] = np.linspace(8, 40, len(BACK))
    share = np.ones((48, 64), np.float32)
    share[:, 32:] = 0  # the right half
    found = SceneMeter(camera, 10.0)._cells(np.dstack([share, share, share]), 1.0)[..., SHARE]
    reached = (found > 0.02)[2:10].sum(1)  # columns to which boxes reach beyond the edge
    assert (np.diff(reached) >= 0).all() and reached[-1] > reached[0]


def test_stillness_counts_seconds_up_and_ends_when_the_thing_is_gone():
    fps = 5.0
    there, gone = frame_with(48, 40), BACK.copy()
    found = run([gone, *[there] * 21, *[gone] * 8], fps)
    row, column = (40 + BODY // 2) // CELL, (48 + BODY // 2) // CELL
    still = np.array([one.cells[row, column, STILL] for one in found], np.float64)
    np.testing.assert_allclose(still[1:22], np.maximum(np.arange(21) / fps, 0), atol=2 / fps)
    np.testing.assert_allclose(np.diff(still[4:22]), 1 / fps, atol=0.01)
    assert not still[22:].any()
    elsewhere = np.array([one.cells[0, 0, STILL] for one in found])
    assert not elsewhere.any()


def test_what_is_hidden_for_a_moment_has_stood_for_nearly_as_long():
    fps = 5.0
    there, gone = frame_with(48, 40), BACK.copy()
    row, column = (40 + BODY // 2) // CELL, (48 + BODY // 2) // CELL
    found = run([gone, *[there] * 21, *[gone] * 3, *[there] * 3], fps)
    still = [float(one.cells[row, column, STILL]) for one in found]
    assert not any(still[22:25])
    expected = (
        still[21] - (3 * meters.FORGET - 2) / fps
    )  # in the first frame again it came: it moves
    assert still[-1] == pytest.approx(expected, abs=1.2 / fps)


def test_stillness_in_seconds_does_not_depend_on_the_frame_rate():
    there = frame_with(48, 40)
    row, column = (40 + BODY // 2) // CELL, (48 + BODY // 2) // CELL
    for fps in (5.0, 20.0):
        found = run([there] * (1 + round(3 * fps)), fps)
        assert found[-1].cells[row, column, STILL] == pytest.approx(3.0, abs=0.02)


def test_what_moves_is_not_still_and_who_walks_past_stops_the_clock_only():
    moving = run([frame_with(20 + 3 * k, 40) for k in range(20)])
    assert max(one.cells[..., STILL].max() for one in moving) < 0.2
    meter = SceneMeter(CAMERA, 10.0)
    meter._still[:] = 7.0
    walked = np.ones(meter._still.shape, np.float32)
    meter._stand(walked, np.dstack([9 * walked, 0 * walked]))
    assert (meter._still == 7.0).all()


def test_what_is_slower_than_a_quarter_of_its_height_a_second_stands():
    there = np.ones((48, 64), np.float32)
    for fps in (10.0, 5.0):
        limit = meters.STILL * BODY / fps  # pixels a frame
        for speed, still in ((0.85 * limit, 1 / fps), (1.15 * limit, 0.0)):
            meter = SceneMeter(CAMERA, fps)
            meter._stand(there, np.dstack([speed * there, 0 * there]))
            np.testing.assert_allclose(meter._still, still)


def test_stillness_is_bounded():
    meter = SceneMeter(CAMERA, 0.1)  # ten seconds a frame
    there = np.ones(meter._still.shape, np.float32)
    for _ in range(10):
        meter._stand(there, np.zeros((*there.shape, 2), np.float32))
    assert (meter._still == meters.LONGEST_S).all()


def test_a_window_lies_on_each_body_and_holds_it():
    frame = frame_with(16, 20)
    drawn.put(frame, drawn.texture(BODY, BODY, 9), 80, 60)
    [one] = run([frame])
    middles = np.array([[28.0, 32.0], [92.0, 72.0]])
    apart = np.linalg.norm(one.centres[:, None] - middles, axis=-1)
    assert len(one.centres) == 2 and apart.min(0).max() <= 3
    side = round(meters.WINDOW * BODY)
    assert one.crops.shape == (2, meters.CROP, meters.CROP)
    for (x, y), crop in zip(one.centres, one.crops, strict=True):
        at = round(float(y) - side / 2), round(float(x) - side / 2)
        cut = frame[at[0] : at[0] + side, at[1] : at[1] + side].astype(float)
        assert abs(crop.mean() - cut.mean()) < 10


def test_colours_stay_in_the_windows():
    grey = frame_with(48, 40)
    colour = np.dstack([grey, grey // 2, grey // 4])
    camera = drawn.reference(np.round(BACK * (0.299 + 0.587 / 2 + 0.114 / 4)), body=BODY)
    [crop] = SceneMeter(camera, 10.0).update(colour).crops
    assert crop.shape == (meters.CROP, meters.CROP, 3)
    means = crop.reshape(-1, 3).mean(0)
    assert means[0] > 1.8 * means[1] > 3.2 * means[2]


def test_of_two_peaks_within_a_body_one_is_kept_and_there_are_never_too_many():
    crowd = np.zeros((48, 64), np.float32)
    crowd[8:40, 8:56] = 1
    meter = SceneMeter(CAMERA, 10.0)
    peaks = meter._peaks(crowd)
    apart = np.abs(peaks[:, None] - peaks) / meter._tall[0]
    both = (apart[..., 0] <= meters._APART[0]) & (apart[..., 1] <= meters._APART[1])
    assert both.sum() == len(peaks)  # each is near itself alone
    small = drawn.reference(drawn.backdrop((480, 640)), body=8)
    dots = np.zeros((240, 320), np.float32)
    for y in range(6, 234, 12):
        for x in range(6, 314, 12):
            dots[y : y + 4, x : x + 3] = 1
    assert len(SceneMeter(small, 10.0)._peaks(dots)) == meters.NUM_WINDOWS


def test_an_empty_scene_has_no_windows():
    second = run([BACK, BACK])[1]
    assert len(second.centres) == 0 and second.crops.shape == (0, meters.CROP, meters.CROP)
    assert not second.cells[..., :LIGHT].any() and (second.cells[..., LIGHT] == 1).all()


def test_frames_of_another_size_are_refused_with_both_sizes():
    with pytest.raises(UserError, match=r"64x48 pixels.*128x96"):
        SceneMeter(CAMERA, 10.0).update(np.zeros((48, 64), np.uint8))


def test_nothing_looks_ahead():
    frames = [frame_with(30 + 3 * k, 40) for k in range(6)]
    whole, part = run(frames), run(frames[:4])
    for one, other in zip(whole, part, strict=False):
        np.testing.assert_array_equal(one.cells, other.cells)
