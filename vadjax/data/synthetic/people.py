"""Walkers: how they look, and an articulated body that walks, runs or stands."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vadjax.data.synthetic.shapes import Colour, Figure, shade

_SKIN = ((236, 196, 166), (214, 168, 132), (178, 128, 94), (128, 88, 64), (90, 62, 48))
_HAIR = ((32, 26, 24), (58, 42, 32), (104, 72, 44), (176, 138, 84), (150, 146, 142))
CLOTHES = (
    (28, 28, 32), (232, 232, 228), (40, 52, 92), (150, 36, 40), (96, 102, 60), (200, 186, 156),
    (120, 124, 128), (66, 110, 160), (196, 150, 52), (94, 60, 92), (44, 96, 74), (206, 128, 138),
)  # fmt: skip
_TROUSERS = (
    (34, 34, 40),
    (48, 62, 96),
    (82, 100, 132),
    (120, 104, 80),
    (186, 172, 144),
    (70, 72, 74),
)
BAGS = ("none", "none", "none", "backpack", "handbag", "suitcase")

# Points of a body: (metres forward, metres to the left, metres up), each a number or [t].
At = Callable[..., np.ndarray]


def axes(x: np.ndarray, y: np.ndarray, heading: np.ndarray) -> At:
    """Return the axes of a body, which turn its own coordinates into world points.

    Args:
        x: [t] metres.
        y: [t] metres.
        heading: [t] radians from +x.

    Returns:
        A function of metres forward, to the left and up, each a number or [t], to [t, 3].
    """
    cos, sin, zero = np.cos(heading), np.sin(heading), np.zeros_like(x)

    def at(forward, left, up):
        return np.stack(
            [x + forward * cos - left * sin, y + forward * sin + left * cos, zero + up], -1
        )

    return at


@dataclass(frozen=True)
class Look:
    """What a person looks like; `height` in metres, `girth` is a factor."""

    height: float
    girth: float
    skin: Colour
    hair: Colour
    long_hair: bool
    hat: Colour | None
    upper: Colour
    lower: Colour
    shoes: Colour
    style: str  # "trousers" | "shorts" | "skirt" | "coat"
    long_sleeves: bool
    bag: str  # one of BAGS
    bag_colour: Colour


def random_cloth(rng: np.random.Generator, palette=CLOTHES) -> Colour:
    """Draw a colour near one of a palette's.

    Args:
        rng: random numbers.
        palette: colours to choose from.

    Returns:
        Red, green, blue, 0-255.
    """
    base = np.array(palette[rng.integers(len(palette))], float)
    return tuple(np.clip(base * rng.uniform(0.85, 1.15) + rng.normal(0, 6, 3), 8, 245))


def random_look(rng: np.random.Generator, *, bags=BAGS) -> Look:
    """Draw what a person looks like.

    Args:
        rng: random numbers.
        bags: names to choose the bag from.

    Returns:
        The look.
    """
    child = rng.random() < 0.08
    return Look(
        height=rng.uniform(1.15, 1.4)
        if child
        else float(np.clip(rng.normal(1.71, 0.09), 1.5, 1.95)),
        girth=rng.uniform(0.85, 1.3),
        skin=_SKIN[rng.integers(len(_SKIN))],
        hair=_HAIR[rng.integers(len(_HAIR))],
        long_hair=rng.random() < 0.4,
        hat=random_cloth(rng) if rng.random() < 0.2 else None,
        upper=random_cloth(rng),
        lower=random_cloth(rng, _TROUSERS if rng.random() < 0.8 else CLOTHES),
        shoes=random_cloth(rng, _TROUSERS[:1] + CLOTHES[:2]),
        style=str(rng.choice(["trousers", "shorts", "skirt", "coat"], p=[0.55, 0.15, 0.15, 0.15])),
        long_sleeves=rng.random() < 0.6,
        bag=str(rng.choice(bags)),
        bag_colour=random_cloth(rng),
    )


@dataclass(frozen=True)
class Gait:
    """The rhythm of a body: phase of the stride [t] and swing of the hips [t], in radians."""

    phase: np.ndarray
    swing: np.ndarray
    running: bool


def gait(speed: np.ndarray, look: Look, *, fps: float, start: float, running: bool) -> Gait:
    """Fit steps to the speed, so that the standing foot does not slide.

    Args:
        speed: [t] metres a second.
        look: gives the length of the legs.
        fps: frames a second.
        start: phase in the first frame, radians.
        running: the body runs.

    Returns:
        The rhythm of all frames.
    """
    steps_hz = np.full_like(speed, 2.7) if running else 1.9 * np.sqrt(speed / 1.35)
    step = speed / np.maximum(steps_hz, 0.3)  # metres
    swing = np.arcsin(np.clip(step / (0.98 * look.height), 0, 0.75))
    return Gait(start + np.cumsum(np.pi * steps_hz) / fps, swing, running)


def add_person(figure: Figure, at: At, look: Look, rhythm: Gait, *, carries=None) -> None:
    """Add a walking, running or standing body.

    Args:
        figure: changed.
        at: axes of the body.
        look: what the person looks like.
        rhythm: of the steps.
        carries: bool [t], when the bag is with the person; None = always.
    """
    tall, wide, run = look.height, look.girth, rhythm.running
    thigh = shin = 0.245 * tall
    lean = 0.2 if run else 0.04
    legs = []
    for turn in (0.0, np.pi):
        hip = rhythm.swing * np.sin(rhythm.phase + turn)
        lift = np.maximum(0, np.cos(rhythm.phase + turn))  # the leg that comes forward is bent
        bend = 0.06 + (2.2 if run else 1.5) * rhythm.swing * lift
        knee = (thigh * np.sin(hip), thigh * np.cos(hip))
        ankle = (knee[0] + shin * np.sin(hip - bend), knee[1] + shin * np.cos(hip - bend))
        legs.append((hip, hip - bend, knee, ankle))
    # The lower foot stands on the ground, which makes the body rise and fall.
    hips = np.maximum(legs[0][3][1], legs[1][3][1]) + 0.05
    for (_, below, knee, ankle), side, tone in zip(legs, (-1, 1), (1.0, 0.86), strict=True):
        _add_leg(figure, at, look, hips, side, tone, (below, knee, ankle))
    chest = (0.24 * tall * np.sin(lean), hips + 0.24 * tall * np.cos(lean))
    pelvis, breast = at(0, 0, hips), at(chest[0], 0, chest[1])
    figure.cone(pelvis, breast, (0.072 * tall * wide, 0.085 * tall * wide), look.upper)
    if look.style == "coat":
        figure.cone(
            breast, at(0, 0, hips - 0.2 * tall), (0.08 * tall, 0.11 * tall * wide), look.upper,
            nearer=0.12,
        )  # fmt: skip
    elif look.style == "skirt":
        figure.cone(
            pelvis, at(0, 0, hips - 0.19 * tall), (0.075 * tall * wide, 0.12 * tall), look.lower,
            nearer=0.12,
        )  # fmt: skip
    shoulders = chest[1] + 0.045 * tall
    _add_arms(figure, at, look, rhythm, (chest[0], shoulders), [leg[0] for leg in legs])
    _add_head(figure, at, look, chest[0] + 0.01, shoulders + 0.105 * tall)
    _add_bag(figure, at, look, chest, hips, carries)


def _add_leg(figure, at, look, hips, side, tone, joints):
    below, knee, ankle = joints
    tall, across = look.height, side * 0.05 * look.height
    bare = look.style in ("shorts", "skirt")
    knee_at = at(knee[0], across, hips - knee[1])
    ankle_at = at(ankle[0], across, hips - ankle[1])
    toe = 0.13 * np.cos(below), -0.13 * np.sin(below)
    cloth, leg = shade(look.lower, tone), shade(look.skin if bare else look.lower, tone)
    figure.limb(knee_at, ankle_at, 0.033 * tall, leg)
    figure.cone(
        at(0, across, hips), knee_at, (0.058 * tall * look.girth, 0.043 * tall),
        leg if look.style == "skirt" else cloth,
    )  # fmt: skip
    toe_at = at(ankle[0] + toe[0], across, hips - ankle[1] + toe[1] - 0.01)
    figure.limb(ankle_at, toe_at, 0.024 * tall, shade(look.shoes, tone))


def _add_arms(figure, at, look, rhythm, shoulder, hips_swing):
    tall, elbow_bend = look.height, (1.5 if rhythm.running else 0.3)
    for swing, side, tone in zip(hips_swing[::-1], (-1, 1), (0.95, 0.82), strict=True):
        upper, across = 0.9 * swing, side * 0.105 * tall * look.girth
        lower = upper + elbow_bend
        elbow = shoulder[0] + 0.17 * tall * np.sin(upper), shoulder[1] - 0.17 * tall * np.cos(upper)
        hand = elbow[0] + 0.17 * tall * np.sin(lower), elbow[1] - 0.17 * tall * np.cos(lower)
        top, bend = at(shoulder[0], across, shoulder[1]), at(elbow[0], across, elbow[1])
        cloth = shade(look.upper, tone)
        figure.limb(top, bend, 0.034 * tall, cloth)
        sleeve = cloth if look.long_sleeves else shade(look.skin, tone)
        figure.limb(bend, at(hand[0], across, hand[1]), 0.026 * tall, sleeve)


def _add_head(figure, at, look, forward, up):
    tall = look.height
    figure.disc(at(forward + 0.015, 0, up), 0.066 * tall, look.skin, nearer=0.05)
    top = look.hat or look.hair
    back = at(forward - 0.03, 0, up + 0.025 * tall)
    figure.disc(back, 0.064 * tall, top, nearer=0.06)
    if look.long_hair:
        figure.cone(
            back, at(forward - 0.07, 0, up - 0.11 * tall), (0.055 * tall, 0.04 * tall), look.hair
        )
    if look.hat:
        figure.limb(back, at(forward + 0.12, 0, up + 0.035 * tall), 0.018 * tall, top, nearer=0.08)


def _add_bag(figure, at, look, chest, hips, carries):
    tall, colour = look.height, look.bag_colour
    if look.bag == "backpack":
        low, high = at(-0.17, 0, hips + 0.05), at(chest[0] - 0.19, 0, chest[1])
        figure.cone(low, high, (0.13, 0.11), colour, shown=carries)
    elif look.bag == "handbag":
        side = -0.15 * tall * look.girth
        figure.box(
            lambda a, b, c: at(a, side + b, c), (-0.17, 0.17), (-0.06, 0.06), (0.38, 0.66), colour,
            nearer=0.1, shown=carries,
        )  # fmt: skip
    elif look.bag == "suitcase":
        figure.box(
            lambda a, b, c: at(a, b - 0.2, c), (-0.75, -0.5), (-0.2, 0.2), (0.06, 0.6), colour,
            shown=carries,
        )  # fmt: skip
        figure.limb(at(-0.6, -0.2, 0.6), at(-0.15, -0.2, 0.8), 0.015, (60, 60, 64), shown=carries)
