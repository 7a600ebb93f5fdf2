"""Pseudo-anomalies: training clips with something pasted in, to choose settings without labels.

Each training clip gets two of four kinds, moved along the walkway at a multiple of the speed of a
walker of another clip:

  runner   that walker, the own sequence of pictures played faster             1.5 to 2.4
  wide     one picture of the walker, 1.5 to 2.1 times as wide                 1.3 to 2.0
  photo    a piece of a photograph, of about that height, in the clip's grey   0.8 to 1.2
  vehicle  a cyclist or cart of the synthetic walkway (seeds 1 and 2)          1.2 to 2.0

It enters from the side or appears in the middle. This suits a fixed camera 240 px high whose
walkway runs from left to right (UCSD Ped2). No reported result is measured on these clips.
"""

import dataclasses

import cv2
import numpy as np

from vadjax.features import regions

KINDS = ("runner", "wide", "photo", "vehicle")
SPEEDS = {"runner": (1.5, 2.4), "wide": (1.3, 2.0), "photo": (0.8, 1.2), "vehicle": (1.2, 2.0)}
_LONG = 20  # frames that a walker has to be followed
_LEAST = 40  # changed pixels from which on a frame is abnormal


@dataclasses.dataclass(frozen=True, eq=False)
class Walker:
    """One person followed through a clip: pictures with masks, height, foot's row, velocity."""

    clip: str
    pictures: list[tuple[np.ndarray, np.ndarray]]
    height: int
    foot: int
    velocity: np.ndarray


def find_walkers(clips: dict[str, np.ndarray], background: np.ndarray) -> list[Walker]:
    """Follow everybody who stands free, from frame to frame by the nearest centre."""
    found = []
    for name, frames in clips.items():
        live, ended = [], []
        for frame in frames:
            now, taken, going = _bodies(frame, background), set(), []
            for track in live:
                near = [
                    (np.hypot(*(body["centre"] - track[-1]["centre"])), i)
                    for i, body in enumerate(now)
                    if i not in taken and _alike(body, track[-1])
                ]
                if near and min(near)[0] < 5:
                    taken.add(min(near)[1])
                    going.append([*track, now[min(near)[1]]])
                else:
                    ended.append(track)
            live = going + [[body] for i, body in enumerate(now) if i not in taken]
        found += [_walker(name, track) for track in ended + live if len(track) >= _LONG]
    return [walker for walker in found if abs(walker.velocity[0]) > 0.5]


def _bodies(frame, background) -> list[dict]:
    mask = (regions.foreground(frame, background) > 0.5).astype(np.uint8)
    mask = cv2.resize(mask, frame.shape[::-1], interpolation=cv2.INTER_NEAREST)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 3), np.uint8))
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask)
    bodies = []
    for i, (x, y, w, h, area) in enumerate(stats[1:].tolist(), 1):
        inside = x > 2 and y > 2 and x + w < frame.shape[1] - 3 and y + h < frame.shape[0] - 2
        if inside and 18 <= h <= 46 and 7 <= w <= 24 and area > 90:
            cut = np.s_[y - 2 : y + h + 2, x - 2 : x + w + 2]
            one = (labels[cut] == i).astype(np.uint8)
            bodies.append(
                {"centre": centres[i], "box": (x, y, w, h), "picture": (frame[cut].copy(), one)}
            )
    return bodies


def _alike(body: dict, other: dict) -> bool:
    (_, _, w, h), (_, _, v, g) = body["box"], other["box"]
    return abs(h - g) < 7 and abs(w - v) < 9


def _walker(clip: str, track: list[dict]) -> Walker:
    _, y, _, height = track[0]["box"]
    velocity = (track[-1]["centre"] - track[0]["centre"]) / (len(track) - 1)
    return Walker(clip, [b["picture"] for b in track], height, y + height, velocity)


def insert(frames, kind, walker, rng, *, photos, vehicles):
    """Paste one pseudo-anomaly.

    Args:
        frames: uint8 [t, h, w].
        kind: one of `KINDS`.
        walker: of another clip.
        rng: numpy generator.
        photos: grey pictures, uint8.
        vehicles: (grey, mask) pictures.

    Returns:
        Changed frames, labels uint8 [t], masks bool [t, h, w].
    """
    out, masks = frames.copy(), np.zeros(frames.shape, bool)
    factor, height = rng.uniform(*SPEEDS[kind]), walker.height
    pictures = _pictures(kind, walker, rng, photos, vehicles)
    step = np.sign(walker.velocity[0]) * max(abs(walker.velocity[0]), 0.9) * factor
    x = rng.uniform(40, 250) if rng.random() < 0.5 else (-12 if step > 0 else frames.shape[2] + 12)
    foot, played = np.clip(walker.foot + rng.uniform(-12, 12), 128, 225), 0.0
    for t in range(int(rng.integers(int(0.15 * len(out)), int(0.45 * len(out)))), len(out)):
        turn = int(played) % max(2 * len(pictures) - 2, 1)  # forward, then back
        picture = pictures[min(turn, 2 * len(pictures) - 2 - turn)]
        changed, mask = _paste(out[t], *picture, x, foot)
        if mask.sum() >= _LEAST:
            out[t], masks[t] = changed, mask
        x, foot = x + step, np.clip(foot + 0.1 * walker.velocity[1], 125, 230)
        played += min(factor, 1.6) if kind == "runner" else 1
        if not -25 - height < x < frames.shape[2] + 25 + height:
            break
    return out, masks.any((1, 2)).astype(np.uint8), masks


def _pictures(kind, walker, rng, photos, vehicles):
    height = walker.height
    if kind == "photo":
        photo = photos[rng.integers(len(photos))]
        h, w = int(height * rng.uniform(0.7, 1.1)), int(height * rng.uniform(0.5, 1.3))
        top, left = (
            int(rng.integers(0, n - 2 * s)) for n, s in zip(photo.shape, (h, w), strict=True)
        )
        piece = cv2.resize(photo[top : top + 2 * h, left : left + 2 * w], (w, h)).astype(np.float32)
        piece = (piece - piece.mean()) / (piece.std() + 1) * rng.uniform(20, 35)
        mask = np.pad(np.ones((h - 4, w - 4), np.uint8), 2)
        if rng.random() < 0.5:
            centre, axes = (w // 2, h // 2), (w // 2 - 1, h // 2 - 1)
            mask = cv2.ellipse(np.zeros((h, w), np.uint8), centre, axes, 0, 0, 360, 1, -1)
        return [(piece + rng.uniform(50, 130), mask)]
    if kind == "vehicle":
        grey, mask = vehicles[rng.integers(len(vehicles))]
        scale = height * rng.uniform(0.95, 1.15) / grey.shape[0]
        size = tuple(max(6, round(n * scale)) for n in grey.shape[::-1])
        turn = slice(None, None, -1 if rng.random() < 0.5 else 1)
        grey, mask = cv2.resize(grey, size, interpolation=cv2.INTER_AREA), cv2.resize(mask, size)
        return [(grey[:, turn].copy(), mask[:, turn].copy())]
    if kind == "wide":
        one, wide = walker.pictures[rng.integers(len(walker.pictures))], rng.uniform(1.5, 2.1)
        return [tuple(cv2.resize(part, None, fx=wide, fy=0.95) for part in one)]
    return walker.pictures


def _paste(frame, picture, mask, x, foot):
    """Draw a picture with its bottom centre at (x, foot), to a fraction of a pixel."""
    height, width = picture.shape
    move = np.array([[1, 0, x - width / 2], [0, 1, foot - height]], np.float32)
    size = frame.shape[::-1]
    cover = cv2.warpAffine(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7), move, size)
    drawn = cv2.warpAffine(picture.astype(np.float32), move, size, borderMode=cv2.BORDER_REPLICATE)
    mixed = np.rint(frame * (1 - cover) + drawn * cover)
    return np.clip(mixed, 0, 255).astype(np.uint8), cover > 0.3
