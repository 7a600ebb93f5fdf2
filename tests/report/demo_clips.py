"""Made-up clips to look at and to test with: walkers, a few cyclists."""

import functools

import cv2
import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.events import runs

LENGTHS = (180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180)


def picture(rng: np.random.Generator, *, cyclist: bool) -> bytes:
    """Draw a small walkway and return it as jpeg."""
    image = np.full((107, 160, 3), 168, np.uint8)
    cv2.fillPoly(image, [np.array([(0, 38), (160, 22), (160, 84), (0, 100)])], (196, 198, 200))
    cv2.line(image, (0, 38), (160, 22), (140, 150, 146), 2)
    for _ in range(rng.integers(4, 9)):
        x, y = int(rng.integers(6, 154)), int(rng.integers(40, 82))
        shade = tuple(int(c) for c in rng.integers(30, 120, 3))
        cv2.ellipse(image, (x, y), (3, 8), 0, 0, 360, shade, -1)
        cv2.circle(image, (x, y - 10), 3, (120, 150, 180), -1)
    if cyclist:
        x, y = int(rng.integers(30, 130)), int(rng.integers(45, 75))
        for wheel in (-8, 8):
            cv2.circle(image, (x + wheel, y + 8), 6, (20, 20, 20), 1)
        cv2.ellipse(image, (x, y - 2), (4, 9), 20, 0, 360, (40, 40, 150), -1)
    image = image + rng.normal(0, 4, image.shape)
    done, jpeg = cv2.imencode(".jpg", image.clip(0, 255).astype(np.uint8), [1, 72])
    assert done
    return jpeg.tobytes()


def videos(**options) -> list[ScoredVideo]:
    """Return clips whose scores rise, with noise, where a cyclist passes."""
    return list(made(**options)[0])


@functools.cache
def made(*, labelled: bool = True, num: int = 12, num_pictures: int = 12) -> tuple[list, dict]:
    """Return the clips, and video -> (frame, small jpeg)."""
    rng = np.random.default_rng(9)
    clips, pictures = [], {}
    for n in range(num):
        length = LENGTHS[n % len(LENGTHS)]
        labels = np.zeros(length, np.uint8)
        begin = int(length * rng.uniform(0.1, 0.55))
        labels[begin : begin + int(length * rng.uniform(0.3, 0.5))] = 1
        if n in (7, 8):  # wholly abnormal clips
            labels[:] = 1
        smooth = np.convolve(rng.normal(0, 1, length + 24), np.ones(9) / 9, "same")[12:-12]
        rise = np.convolve(np.pad(labels, 12, "edge"), np.ones(13) / 13, "same")[12:-12]
        strength = rng.choice([0.04, 0.3, 0.55, 0.9])
        scores = 0.55 + 0.26 * smooth + strength * rise + 0.03 * rng.normal(0, 1, length)
        scores = scores.clip(0.1)
        scores[:15] = scores[15]
        predicted = np.arange(length) >= 15
        called = scores >= 0.84
        alarms = tuple((a, b) for a, b in runs(called).tolist() if b - a >= 4)
        frames = np.linspace(4, length - 5, num_pictures).astype(int) if num_pictures else []
        frames = sorted({*frames, int(np.argmax(scores))} if num_pictures else [])
        name = f"test/{n + 1:02d}" if labelled else f"camera-{n + 1}.mp4"
        pictures[name] = [(int(f), picture(rng, cyclist=bool(labels[f]))) for f in frames]
        clips.append(
            ScoredVideo(
                id=name,
                scores=scores.astype(np.float32),
                labels=labels if labelled else None,
                predicted=predicted,
                threshold=0.84,
                fps=10.0,
                alarms=alarms,
                kinds={"cyclist" if n % 3 else "cart": labels} if labelled else {},
            )
        )
    return clips, pictures
