"""Scenario of one clip: who walks where and when, normal pedestrians and planned anomalies.

Normal in training and test clips alike: people alone and in groups, few or many, enter at
both ends, keep to the right of the walkway's middle, walk at 0.85 to 1.7 m/s and avoid one another.
Motion along the walkway is planned, so that an anomaly happens at its time; across it the actors
steer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vadjax.data.synthetic.actors import Actor
from vadjax.data.synthetic.people import Look, random_cloth, random_look

FPS = 10.0
HALF_WIDTH = 3.0  # of the walkway, metres
_LANE = (0.3, 2.7)  # where people walk on their side, metres from the middle
_WARM_UP = 30  # frames steered before the clip starts


@dataclass
class _Path:
    """A planned actor before steering; arrays over warm-up and clip, [s]."""

    kind: str
    look: Look
    colour: tuple
    x: np.ndarray
    speed: np.ndarray
    direction: int  # +1 to the right, -1 to the left
    y: np.ndarray  # preferred
    radius: float = 0.28  # half the room it takes across the walkway, metres
    steers: bool = True
    heading: np.ndarray | None = None  # None: follows from the motion
    abnormal: np.ndarray | None = None  # None: always, unless a walker
    options: dict = field(default_factory=dict)


class _Clip:
    """What planning one clip shares: the random numbers, the time and the stretch in view."""

    def __init__(self, rng: np.random.Generator, num_frames: int, span: tuple[float, float]):
        self.rng, self.num_frames = rng, num_frames
        self.left, self.right = span
        self.time = np.arange(-_WARM_UP, num_frames) / FPS  # [s] seconds

    def side(self, direction: int) -> float:
        """A preferred y on the right-hand side of somebody who walks in `direction`."""
        return -direction * self.rng.uniform(0.5, 2.4)

    def pass_by(self, *, x: float, at_s: float, speed: float, direction: int) -> np.ndarray:
        """Uniform motion that is at `x` at time `at_s`; [s] metres."""
        return x + direction * speed * (self.time - at_s)

    def path(self, kind: str, look: Look, x, *, speed, direction, y=None, **options) -> _Path:
        y = self.side(direction) if y is None else y
        return _Path(
            kind, look, random_cloth(self.rng), x, np.full_like(self.time, speed), direction,
            np.full_like(self.time, y), **options,
        )  # fmt: skip

    def centre_s(self, place: float, duration_s: float) -> float:
        """The middle of an anomaly; `place` in [0, 1) spreads anomalies evenly over all frames.

        They may begin before the clip and end after it, otherwise the clip's middle would hold
        more of them than its ends.
        """
        reach = 0.4 * duration_s
        return -reach + place * (self.num_frames / FPS + 2 * reach)

    def spot(self) -> float:
        """An x well in view, metres."""
        return self.left + (self.right - self.left) * self.rng.uniform(0.25, 0.75)


def _walkers(clip: _Clip, direction: int) -> list[_Path]:
    """Everybody who enters on one side, alone or in groups of two or three."""
    rng = clip.rng
    mean_gap_s = np.exp(rng.uniform(np.log(1.8), np.log(7.0)))  # crowded to nearly empty
    entry = (clip.left if direction > 0 else clip.right) - direction * 0.8
    paths, arrives_s = [], -22.0 + rng.uniform(0, 4)
    while arrives_s < clip.time[-1]:
        speed = float(np.clip(rng.normal(1.28, 0.18), 0.85, 1.7))
        y, size = clip.side(direction), rng.choice([1, 2, 3], p=[0.72, 0.2, 0.08])
        for member in range(size):
            beside = y + 0.68 * (member - (size - 1) / 2)
            inner, outer = sorted((-direction * _LANE[0], -direction * _LANE[1]))
            x = clip.pass_by(
                x=entry, at_s=arrives_s + rng.uniform(0, 0.25), speed=speed, direction=direction
            )
            paths.append(
                clip.path(
                    "walker", random_look(rng), x, speed=speed, direction=direction,
                    y=float(np.clip(beside, inner, outer)),
                )
            )  # fmt: skip
        arrives_s += 0.7 + min(rng.exponential(mean_gap_s), 6.0)
    return paths


def _crossing(clip: _Clip, kind: str, place: float) -> list[_Path]:
    """A cyclist, cart, runner or wrong-way walker, abnormal as long as it is in view."""
    rng, direction = clip.rng, int(clip.rng.choice([-1, 1]))
    pushed = kind == "cart" and rng.random() < 0.4
    low, high, radius = {
        "cyclist": (2.6, 4.6, 0.35),
        "cart": (0.9, 1.3, 0.45) if pushed else (1.8, 3.2, 0.7),
        "runner": (2.5, 3.8, 0.3),
        "wrong_way": (1.0, 1.6, 0.28),
    }[kind]
    speed = rng.uniform(low, high)
    middle_s = clip.centre_s(place, (clip.right - clip.left) / speed)
    x = clip.pass_by(
        x=(clip.left + clip.right) / 2, at_s=middle_s, speed=speed, direction=direction
    )
    y = clip.side(-direction if kind == "wrong_way" else direction)
    if kind == "cart":
        y = float(np.clip(y, -1.9, 1.9))
    look = random_look(rng, bags=("none", "backpack") if kind == "runner" else ("none",))
    if kind == "wrong_way":
        look = random_look(rng)
    options = {"pushed": pushed} if kind == "cart" else {}
    return [
        clip.path(
            kind, look, x, speed=speed, direction=direction, y=y, radius=radius, options=options
        )
    ]


def _loiterer(clip: _Clip, place: float) -> list[_Path]:
    """Somebody who stops, stands and paces about for a while, then walks on."""
    rng, direction, time = clip.rng, int(clip.rng.choice([-1, 1])), clip.time
    duration_s = rng.uniform(0.3, 0.65) * clip.num_frames / FPS
    start_s = clip.centre_s(place, duration_s) - duration_s / 2
    speed, spot = rng.uniform(1.0, 1.5), clip.spot()
    path = clip.path("loiterer", random_look(rng), clip.time, speed=speed, direction=direction)
    path.steers, path.abnormal = False, (time >= start_s) & (time < start_s + duration_s)
    num_steps = max(1, round(duration_s * FPS))
    x_off, y_off, heading = _wander(rng, num_steps, 0.0 if direction > 0 else np.pi)
    step = np.floor((time - start_s) * FPS).astype(int)
    inside = np.clip(step, 0, num_steps - 1)
    before, after = np.minimum(time - start_s, 0), np.maximum(time - start_s - duration_s, 0)
    path.x = spot + x_off[inside] + direction * speed * (before + after)
    path.y = path.y + y_off[inside]
    pace = np.hypot(np.diff(x_off, append=x_off[-1]), np.diff(y_off, append=y_off[-1])) * FPS
    path.speed = np.where(path.abnormal, pace[inside], speed)
    ahead = 0.0 if direction > 0 else np.pi
    path.heading = np.where(path.abnormal, heading[inside], ahead)
    return [path]


def _wander(rng, num_steps: int, heading: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slow pacing around one spot with pauses: x and y in metres, heading in radians, [steps]."""
    here, goal, turn_to, wait = np.zeros(2), np.zeros(2), heading, rng.integers(8, 25)
    rows = []
    for _ in range(num_steps):
        if wait > 0:
            wait -= 1
            if wait == 0:
                goal = rng.uniform((-0.9, -0.35), (0.9, 0.35))
                turn_to = np.arctan2(*(goal - here)[::-1])
        else:
            way = goal - here
            distance = float(np.linalg.norm(way))
            here = here + way * min(1.0, 0.045 / max(distance, 1e-6))
            if distance < 0.05:
                wait, turn_to = rng.integers(6, 30), heading + rng.uniform(-1.5, 1.5)
        delta = (turn_to - heading + np.pi) % (2 * np.pi) - np.pi
        heading += np.clip(delta, -0.3, 0.3)
        rows.append((*here, heading))
    return tuple(np.array(rows).T)


def _dropped_object(clip: _Clip, place: float) -> list[_Path]:
    """A bag left on the ground by one person and taken away, later, by another."""
    rng, direction, time = clip.rng, int(clip.rng.choice([-1, 1])), clip.time
    duration_s = rng.uniform(0.45, 0.85) * clip.num_frames / FPS
    left_s = clip.centre_s(place, duration_s) - duration_s / 2
    taken_s = left_s + duration_s
    look = random_look(rng, bags=("backpack", "handbag", "suitcase"))
    spot, y = clip.spot(), clip.side(direction)
    paths = []
    for when_s, carries in ((left_s, time < left_s), (taken_s, time >= taken_s)):
        person = replace(random_look(rng), bag=look.bag, bag_colour=look.bag_colour)
        speed = rng.uniform(1.0, 1.5)
        x = clip.pass_by(x=spot, at_s=when_s, speed=speed, direction=direction)
        path = clip.path("walker", person, x, speed=speed, direction=direction, y=y, steers=False)
        path.options = {"carries": carries}
        paths.append(path)
    thing = clip.path(
        "dropped_object", look, np.full_like(time, spot), speed=0.0, direction=direction,
        y=y - direction * 0.25, steers=False,
    )  # fmt: skip
    thing.colour = look.bag_colour
    thing.abnormal = (time >= left_s) & (time < taken_s)
    thing.heading = np.full_like(time, rng.uniform(0, np.pi))
    return [*paths, thing]


def _steer(paths: list[_Path]) -> np.ndarray:
    """Move everybody across the walkway so that they avoid one another; returns y, [n, s]."""
    x, y = np.stack([p.x for p in paths]), np.stack([p.y for p in paths])
    wanted = y.copy()
    pace = np.array([p.direction * p.speed.mean() for p in paths])
    radius = np.array([p.radius for p in paths])
    steers = np.array([p.steers for p in paths])
    side = np.sign(wanted[:, 0])
    low, high = _LANE[0] + np.maximum(0, radius - 0.3), HALF_WIDTH - radius
    room = radius[:, None] + radius + 0.1  # metres across
    ahead = 0.9 + 0.5 * np.abs(pace[:, None] - pace)  # metres along
    order = np.sign(np.arange(len(paths)) - np.arange(len(paths))[:, None] + 0.5)
    for step in range(1, x.shape[1]):
        last = y[:, step - 1]
        dx, dy = np.abs(x[:, step] - x[:, step, None]), last - last[:, None]
        away = -np.where(np.abs(dy) < 1e-3, order, np.sign(dy))
        push = away * np.maximum(0, 1 - dx / ahead) * np.maximum(0, room - np.abs(dy))
        np.fill_diagonal(push, 0)
        sideways = np.clip(4 * push.sum(1) + 0.6 * (wanted[:, step] - last), -0.6, 0.6)
        moved = side * np.clip(side * (last + sideways / FPS), low, high)
        y[:, step] = np.where(steers, moved, wanted[:, step])
    return y


def make_scenario(
    rng: np.random.Generator,
    *,
    num_frames: int,
    span: tuple[float, float],
    events: Sequence[tuple[str, float]] = (),
) -> list[Actor]:
    """Plan one clip.

    Args:
        rng: all chance comes from it.
        num_frames: length of the clip, at `FPS` frames a second.
        span: the stretch of x in view, metres (`Camera.span`).
        events: anomalies as (one of `actors.KINDS`, place in [0, 1)): spread the places evenly and
            the anomalies spread evenly over the frames of the clips.

    Returns:
        All actors that are in view at some time.
    """
    clip = _Clip(rng, num_frames, span)
    paths = _walkers(clip, 1) + _walkers(clip, -1)
    for kind, place in events:
        if kind == "loiterer":
            paths += _loiterer(clip, place)
        elif kind == "dropped_object":
            paths += _dropped_object(clip, place)
        else:
            paths += _crossing(clip, kind, place)
    shown = slice(_WARM_UP, None)
    left, right = span[0] - 3, span[1] + 3  # metres; a shadow reaches into view from here
    actors = []
    for path, y in zip(paths, _steer(paths), strict=True):
        heading = path.heading
        if heading is None:
            sideways = np.convolve(np.gradient(y) * FPS, np.full(5, 0.2), "same")
            heading = np.arctan2(sideways, path.direction * path.speed)
        abnormal = np.full(len(y), path.kind != "walker")
        if path.abnormal is not None:
            abnormal = path.abnormal
        options = {k: v[shown] if k == "carries" else v for k, v in path.options.items()}
        actor = Actor(
            path.kind, path.x[shown], y[shown], heading[shown], path.speed[shown],
            abnormal[shown], path.look, path.colour, phase=rng.uniform(0, 2 * np.pi), **options,
        )  # fmt: skip
        if ((actor.x > left) & (actor.x < right)).any():
            actors.append(actor)
    return actors
