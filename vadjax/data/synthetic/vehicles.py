"""What does not belong on the walkway on wheels, and what people leave behind."""

import itertools

import numpy as np

from vadjax.data.synthetic.people import At, Look, add_person
from vadjax.data.synthetic.shapes import Colour, Figure, shade

_STEEL = (86, 88, 92)
_RUBBER = (30, 30, 32)


def _wheel(figure: Figure, at: At, centre: tuple, radius: float, *, solid: bool, turn: np.ndarray):
    """A wheel in the plane of travel; `centre` forward, left, up in metres, `turn` radians [t]."""
    forward, left, up = centre
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rim = [at(forward + radius * np.cos(a), left, up + radius * np.sin(a)) for a in angles]
    if solid:
        figure.face(rim, _RUBBER)
        figure.disc(at(forward, left, up), 0.4 * radius, _STEEL, nearer=0.05)
        return
    for start, stop in zip(rim, rim[1:] + rim[:1], strict=True):
        figure.limb(start, stop, 0.028, _RUBBER)
    for spoke in (0.0, np.pi / 2):
        start, stop = (
            at(forward + r * np.cos(turn + spoke), left, up + r * np.sin(turn + spoke))
            for r in (-radius, radius)
        )
        figure.limb(start, stop, 0.006, (150, 150, 150))


def _knee(hip: tuple, foot: tuple, bone: float) -> tuple:
    """The forward-pointing knee of a leg of two equal bones from `hip` to `foot`."""
    middle = (hip[0] + foot[0]) / 2, (hip[1] + foot[1]) / 2
    along = foot[0] - hip[0], foot[1] - hip[1]
    half = np.hypot(*along) / 2
    out = np.sqrt(np.maximum(bone**2 - half**2, 0)) / (2 * half)
    return middle[0] - along[1] * out, middle[1] + along[0] * out


def add_cyclist(figure: Figure, at: At, look: Look, travelled: np.ndarray, colour: Colour) -> None:
    """Add a rider on a bicycle.

    Args:
        figure: changed.
        at: axes of the bicycle.
        look: of the rider.
        travelled: [t] metres, turns wheels and pedals.
        colour: of the bicycle's frame.
    """
    tall = look.height
    turn = -travelled / 0.33
    for forward in (-0.52, 0.52):
        _wheel(figure, at, (forward, 0, 0.34), 0.33, solid=False, turn=turn)
    hub, saddle, bracket, head = (-0.52, 0.34), (-0.2, 0.92), (-0.05, 0.3), (0.36, 0.9)
    tubes = [(hub, saddle), (hub, bracket), (bracket, saddle), (saddle, head), (bracket, head)]
    for start, stop in [*tubes, (head, (0.52, 0.34)), (head, (0.42, 1.06))]:
        figure.limb(at(start[0], 0, start[1]), at(stop[0], 0, stop[1]), 0.024, colour)
    hip = (-0.18, 1.0)
    shoulder = (0.16, 1.0 + 0.29 * tall)
    pedal = -travelled / 0.9
    for side, phase, tone in ((-1, 0.0, 1.0), (1, np.pi, 0.86)):
        foot = -0.05 + 0.17 * np.cos(pedal + phase), 0.32 + 0.17 * np.sin(pedal + phase)
        knee = _knee(hip, foot, 0.26 * tall)
        across = 0.09 * side
        knee_at, foot_at = at(knee[0], across, knee[1]), at(foot[0], across, foot[1])
        figure.cone(at(hip[0], across, hip[1]), knee_at, (0.085, 0.065), shade(look.lower, tone))
        figure.limb(knee_at, foot_at, 0.05, shade(look.lower, tone))
        figure.limb(foot_at, at(foot[0] + 0.13, across, foot[1]), 0.04, look.shoes)
        arm = shade(look.upper, 0.9 * tone)
        figure.limb(
            at(*shoulder[:1], 2 * across, shoulder[1]), at(0.42, 2 * across, 1.08), 0.045, arm
        )
    waist, chest = at(hip[0], 0, hip[1]), at(shoulder[0], 0, shoulder[1])
    figure.cone(waist, chest, (0.13 * look.girth, 0.14 * look.girth), look.upper, nearer=0.05)
    up = shoulder[1] + 0.12 * tall
    figure.disc(at(shoulder[0] + 0.08, 0, up), 0.066 * tall, look.skin, nearer=0.1)
    figure.disc(
        at(shoulder[0] + 0.04, 0, up + 0.04), 0.068 * tall, look.hat or look.hair, nearer=0.12
    )


def add_cart(figure: Figure, at: At, look: Look, colour: Colour) -> None:
    """Add a small electric utility vehicle with a driver under a roof, 2.2 m long.

    Args:
        figure: changed.
        at: axes of the vehicle.
        look: of the driver.
        colour: of the vehicle.
    """
    turn = np.zeros(1)
    for forward in (-0.7, 0.75):
        for left in (-0.52, 0.52):
            _wheel(figure, at, (forward, left, 0.24), 0.24, solid=True, turn=turn)
    figure.box(at, (-1.1, 1.1), (-0.5, 0.5), (0.2, 0.55), colour)
    figure.box(at, (-1.1, -0.35), (-0.5, 0.5), (0.55, 0.95), shade(colour, 0.8))
    figure.box(at, (0.75, 1.1), (-0.5, 0.5), (0.55, 0.85), colour)
    figure.cone(at(-0.12, 0.1, 0.7), at(-0.1, 0.1, 1.25), (0.16, 0.15), look.upper, nearer=0.3)
    figure.limb(at(-0.1, 0.1, 0.72), at(0.35, 0.1, 0.7), 0.09, look.lower, nearer=0.3)
    figure.limb(
        at(-0.08, -0.05, 1.2), at(0.5, -0.05, 1.0), 0.045, shade(look.upper, 0.85), nearer=0.35
    )
    figure.disc(at(-0.06, 0.1, 1.5), 0.115, look.skin, nearer=0.3)
    figure.disc(at(-0.1, 0.1, 1.54), 0.112, look.hat or look.hair, nearer=0.35)
    for forward in (-1.0, 0.8):
        for left in (-0.46, 0.46):
            figure.limb(at(forward, left, 0.55), at(forward * 0.9, left, 1.78), 0.025, _STEEL)
    figure.box(at, (-1.1, 0.85), (-0.5, 0.5), (1.76, 1.84), shade(colour, 0.95), nearer=0.3)


def add_handcart(figure: Figure, at: At, look: Look, rhythm, colour: Colour) -> None:
    """Add a person pushing a loaded trolley at walking pace.

    Args:
        figure: changed.
        at: axes of the trolley.
        look: of the person.
        rhythm: of the steps.
        colour: of the load.
    """
    add_person(figure, lambda a, b, c: at(a - 0.8, b, c), look, rhythm)
    turn = np.zeros(1)
    for forward in (0.0, 0.9):
        for left in (-0.3, 0.3):
            _wheel(figure, at, (forward, left, 0.11), 0.11, solid=True, turn=turn)
    figure.box(at, (-0.15, 1.05), (-0.35, 0.35), (0.2, 0.3), _STEEL)
    figure.box(at, (-0.1, 0.5), (-0.33, 0.33), (0.3, 0.95), colour)
    figure.box(at, (0.5, 1.0), (-0.33, 0.33), (0.3, 0.72), shade(colour, 0.75))
    for left in (-0.25, 0.25):
        figure.limb(at(-0.15, left, 0.3), at(-0.35, left, 1.02), 0.02, _STEEL)
        figure.limb(at(-0.38, left, 1.02), at(-0.78, left, 1.3), 0.045, shade(look.upper, 0.9))


def add_bag(figure: Figure, at: At, bag: str, colour: Colour, shown: np.ndarray) -> None:
    """Add a bag, backpack or suitcase lying or standing on the ground.

    Args:
        figure: changed.
        at: axes of the bag.
        bag: "backpack", "handbag" or "suitcase".
        colour: of the bag.
        shown: bool [t], frames in which it is there.
    """
    if bag == "backpack":
        figure.cone(at(0, 0, 0.14), at(0.08, 0, 0.38), (0.17, 0.12), colour, shown=shown)
        figure.limb(
            at(0.12, 0.05, 0.12), at(0.18, 0.05, 0.26), 0.06, shade(colour, 0.7), shown=shown
        )
        return
    high = 0.6 if bag == "suitcase" else 0.36
    figure.box(at, (-0.24, 0.24), (-0.13, 0.13), (0.02, high), colour, shown=shown)
    handle = [at(-0.1, 0, high), at(0, 0, high + 0.1), at(0.1, 0, high)]
    for start, stop in itertools.pairwise(handle):
        figure.limb(start, stop, 0.018, shade(colour, 0.6), shown=shown)
