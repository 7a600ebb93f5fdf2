"""The drawn world: projection, shapes and gait against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.data.synthetic.camera import Camera
from vadjax.data.synthetic.people import add_person, axes, gait, random_look
from vadjax.data.synthetic.shapes import Figure, Strokes

CAMERA = Camera(160, 240)


@given(st.integers(0, 159), st.integers(0, 239), st.sampled_from([(2, 0.0), (2, 1.0), (1, 5.0)]))
def test_projecting_what_a_pixel_hits_gives_the_pixel(row, column, plane):
    axis, value = plane
    point = CAMERA.hit(axis=axis, value=value)[row, column]
    pixels, _, _ = CAMERA.project(point)
    assert point[axis] == pytest.approx(value)
    assert pixels == pytest.approx((column + 0.5, row + 0.5), abs=1e-6)


def test_a_taller_frame_is_the_same_view_enlarged():
    points = np.random.default_rng(0).uniform((-5, -3, 0), (5, 3, 2), (50, 3))
    small, scale, _ = CAMERA.project(points)
    large, twice, _ = Camera(320, 480).project(points)
    np.testing.assert_allclose(large, 2 * small)
    np.testing.assert_allclose(twice, 2 * scale)


def test_nothing_outside_the_span_is_in_view():
    left, right = CAMERA.span(3.0)
    y, z = (g.ravel() for g in np.meshgrid(np.linspace(-3, 3, 7), np.linspace(0, 2, 5)))
    for x, outside in ((left - 0.01, lambda c: c < 0), (right + 0.01, lambda c: c > 240)):
        pixels, _, _ = CAMERA.project(np.stack([np.full_like(y, x), y, z], -1))
        assert outside(pixels[:, 0]).all()


def _area(figure: Figure) -> int:
    canvas = np.zeros((1600, 2400), np.uint8)
    Strokes(figure, Camera(1600, 2400)).draw(canvas, 0, 7)
    assert set(np.unique(canvas)) <= {0, 7}
    return int((canvas > 0).sum())


def test_areas_of_shapes():
    at = axes(np.zeros(1), np.zeros(1), np.zeros(1))
    _, scale, _ = Camera(1600, 2400).project(at(0, 0, 1.0))
    per_metre = float(scale[0])
    disc, limb = Figure(1), Figure(1)
    disc.disc(at(0, 0, 1.0), 0.2, (9, 9, 9))
    octagon = 2 * np.sqrt(2)  # times the radius squared: a circle is drawn with eight corners
    assert _area(disc) == pytest.approx(octagon * (0.2 * per_metre) ** 2, rel=0.05)
    limb.limb(at(-0.5, 0, 1.0), at(0.5, 0, 1.0), 0.1, (9, 9, 9))
    assert _area(limb) == pytest.approx((0.2 + octagon * 0.1**2) * per_metre**2, rel=0.05)


def test_the_nearer_part_covers_the_farther_one():
    at = axes(np.zeros(1), np.zeros(1), np.zeros(1))
    figure = Figure(1)
    figure.disc(at(0, -1.0, 1.0), 0.3, (200, 0, 0))  # nearer to the camera, added first
    figure.disc(at(0, 1.0, 1.0), 0.9, (0, 200, 0))
    canvas = np.zeros((160, 240, 4), np.uint8)
    Strokes(figure, CAMERA).draw(canvas, 0, 1)
    column, row = CAMERA.project(at(0, -1.0, 1.0))[0][0].astype(int)
    assert tuple(canvas[row, column]) == (200, 0, 0, 1)


@pytest.mark.parametrize("speed", [0.9, 1.3, 1.7])
def test_the_standing_foot_does_not_slide(speed):
    fps, num_frames = 100.0, 200
    look = random_look(np.random.default_rng(3), bags=("none",))
    rhythm = gait(np.full(num_frames, speed), look, fps=fps, start=0.0, running=False)
    x = speed * np.arange(num_frames) / fps
    figure = Figure(num_frames)
    add_person(figure, axes(x, np.zeros_like(x), np.zeros_like(x)), look, rhythm)
    ankles = figure.points[:, [1, 7]]  # ends of the two shins
    np.testing.assert_allclose(ankles[..., 2].min(1), 0.05, atol=1e-6)  # one foot is on the ground
    steps = np.diff(ankles[..., 0], axis=0).min(1)  # of the foot that goes back under the body
    assert abs(steps.mean()) * fps < 0.1 * speed
    assert np.diff(ankles[..., 0], axis=0).max(1).mean() * fps > 1.5 * speed  # the other swings
