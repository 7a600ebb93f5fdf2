"""Rain is measured and taken out, bodies are not: by specks and walkers that are drawn."""

import numpy as np
import pytest

from tests import drawn
from vadjax.features.scene.meter import CHANNELS, SceneMeter
from vadjax.features.scene.passing import MANY, Passing, _median

BACK = drawn.backdrop()
BODY = 24
CAMERA = drawn.reference(BACK, body=BODY)
SHARE, NOISE = CHANNELS.index("share"), CHANNELS.index("noise")


def walk(speed, number=12, tall=BODY, wide=12):
    body = drawn.texture(tall, wide)
    return [drawn.put(BACK.copy(), body, 10 + speed * k, 40) for k in range(number)]


def rained(frames, share, seed=0):
    """Each frame has other pixels that are brighter by 60."""
    rng = np.random.default_rng(seed)
    return [
        np.where(rng.random(frame.shape) < share, np.minimum(frame, 195) + 60, frame).astype(
            np.uint8
        )
        for frame in frames
    ]


def passed(frames, camera=CAMERA):
    one = Passing(camera)
    return one, [one.update(frame, frame) for frame in frames]


def measured(frames):
    meter = SceneMeter(CAMERA, 10.0)
    return [meter.update(frame) for frame in frames]


@pytest.mark.parametrize("frames", [[BACK] * 8, walk(2.0), walk(6.0), walk(8.0, 9, 6, 20)])
def test_without_rain_every_frame_stays_as_it_is(frames):
    one, found = passed(frames)
    assert all(after is before for after, before in zip(found, frames, strict=True))
    assert not one.noisy and one.share < MANY
    assert one.picture() is frames[-1]


@pytest.mark.parametrize("share", [0.01, 0.03, 0.08])
def test_the_share_is_that_of_the_pixels_that_pass(share):
    one, _ = passed(rained(walk(2.0), share))
    assert one.noisy and one.share == pytest.approx(share, rel=0.2)
    cells = measured(rained(walk(2.0), share))[-1].cells
    np.testing.assert_allclose(cells[..., NOISE], one.share, rtol=1e-3)


def test_what_is_measured_then_is_the_median_of_three_frames():
    frames = rained(walk(2.0), 0.05)
    one, found = passed(frames)
    for number in range(2, len(frames)):
        wanted = np.median(frames[number - 2 : number + 1], axis=0)
        np.testing.assert_array_equal(found[number], wanted)
    np.testing.assert_array_equal(one.picture(), found[-1])
    assert found[0] is frames[0]
    wanted = np.median([BACK, frames[0], frames[1]], axis=0)
    np.testing.assert_array_equal(found[1], wanted)


@pytest.mark.parametrize("seed", range(3))
def test_the_median_of_three_is_that_of_numpy(seed):
    three = np.random.default_rng(seed).integers(0, 256, (3, 5, 7, 3), np.uint8)
    np.testing.assert_array_equal(_median(*three), np.median(three, axis=0))


def test_a_walker_in_the_rain_moves_as_without_and_the_ground_is_empty():
    dry, wet = (measured(frames)[-1] for frames in (walk(2.0), rained(walk(2.0), 0.04)))
    flow, shares = (np.stack([one.cells[..., k] for one in (dry, wet)]) for k in (0, SHARE))
    body = shares[0] > 0.4
    speeds = (flow / np.maximum(shares, 0.1))[:, body].astype(np.float64).mean(1)
    assert speeds[1] == pytest.approx(speeds[0], rel=0.3)
    assert shares[1][shares[0] == 0].mean() < 0.05
    raw = np.stack([frame > BACK + 14 for frame in rained([BACK] * 3, 0.04)])
    assert raw.mean() > 0.03


@pytest.mark.parametrize("share", [0.015, 0.04])
def test_the_frame_in_which_rain_is_noticed_has_no_flow(share):
    """Against the frame before, which has its rain, all of it would flow."""
    found = [one.cells.astype(np.float64) for one in measured(rained(walk(2.0), share))]
    speeds = [np.hypot(cells[..., 0], cells[..., 1]).max() for cells in found]
    assert speeds[1] < 0.01 and min(speeds[3:]) > 1  # then the walker's


def test_a_sudden_light_is_no_rain():
    bright = [np.clip(1.3 * frame, 0, 255).astype(np.uint8) for frame in walk(2.0)]
    one, found = passed(walk(2.0)[:6] + bright[6:])
    assert not one.noisy and found[6] is not None and one.share < MANY


def test_colours_are_taken_apart_by_the_same_rule():
    frames = [np.dstack([frame] * 3) for frame in rained(walk(2.0), 0.05)]
    one = Passing(CAMERA)
    for frame in frames:
        one.update(frame[..., 0], frame)
    np.testing.assert_array_equal(one.picture(), np.median(frames[-3:], axis=0))
