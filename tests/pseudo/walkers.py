"""Clips of a drawn walker, and what is known of the camera."""

from tests import drawn
from vadjax.pseudo.clips import Stretch, make_clip, tracks_of

BACK = drawn.backdrop()
CAMERA = drawn.reference(BACK, body=20)
FPS = 10.0


def walk(speed=2.0, *, number=40, y=38, seed=7):
    """Frames of a body of 20 x 10 pixels, its left edge at 6 + speed * k, or coming back."""
    body = drawn.texture(20, 10, seed)
    first = 6.0 if speed > 0 else 112.0
    return [drawn.put(BACK.copy(), body, first + speed * k, y) for k in range(number)]


def stretch(name, frames):
    return Stretch(drawn.video(name, frames, fps=FPS), 0, len(frames))


def crowd(*speeds):
    """Stretches of walkers in neighbouring rows, and their tracks."""
    made = [stretch(f"train/{n}", walk(s, y=36 + n)) for n, s in enumerate(speeds)]
    return made, tracks_of(made, CAMERA, fps=FPS)


def made(kind, stretches, tracks, *, first=False, seed=1, on=0):
    actors = [t for t in tracks if t.pictures and t.clip != stretches[on].name]
    return make_clip(
        stretches[on],
        kind,
        first=first,
        reference=CAMERA,
        tracks=tracks,
        actors=actors,
        fps=FPS,
        seed=seed,
    )
