"""Where a body goes when its track is played faster or backwards, and beyond its ends."""

import numpy as np

from vadjax.pseudo.tracks import Track

_BEYOND_S = 30.0  # seconds that a track is continued at most, at either end


def played(
    track: Track, frame_shape: tuple[int, int], *, speed: float, backwards: bool
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return a track as it is played, continued straight on at both ends until it is out of sight.

    Args:
        track: to play.
        frame_shape: height and width, pixels.
        speed: frames of the track a frame.
        backwards: from its end to its start.

    Returns:
        Feet float64 [n, 2]; which frame of the track each shows, int [n]; and the number of the
        first one that lies in the track.
    """
    path = track.path[::-1] if backwards else track.path
    last = len(path) - 1
    step = (path[-1] - path[0]) / last  # a frame of the track
    most = round(_BEYOND_S * track.fps)
    margin = float(np.median(track.height)) / 2
    before = _until_gone(path[0], -step, frame_shape, margin, most)
    after = _until_gone(path[-1], step, frame_shape, margin, most)
    first = int(before // speed)
    at = np.arange(-first * speed, last + after + 1e-9, speed)
    inside = at.clip(0, last)
    feet = np.stack([np.interp(inside, np.arange(last + 1), path[:, k]) for k in (0, 1)], axis=1)
    feet += (at - inside)[:, None] * step
    shown = np.rint(at).astype(int) % (2 * last)  # forward, then back
    shown = np.where(shown > last, 2 * last - shown, shown)
    within = (at >= 0) & (at <= last)
    if not backwards:  # each picture at its own place: boxes are uneven, pictures are not
        feet[within] += (track.feet - path)[shown[within]]
        return feet, shown, first
    feet[within] += (track.feet[::-1] - path)[shown[within]]
    return feet, last - shown, first


def _until_gone(
    start: np.ndarray, step: np.ndarray, frame_shape: tuple[int, int], margin: float, most: int
) -> int:
    """Return after how many steps a foot has left the frame by a margin."""
    steps = start + np.arange(most)[:, None] * step
    height, width = frame_shape
    x, y = steps.T
    out = (x < -margin) | (x > width + margin) | (y < 0) | (y > height + 2 * margin)
    return int(out.argmax()) if out.any() else most
