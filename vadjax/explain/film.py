"""An annotated film of one video: map, contour and truth on each frame, its score below.

`vadjax.explain.webm` writes it.
"""

import functools
import itertools
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vadjax.explain import overlay

WIDTHS = (320, 480)  # pixels: smaller films cannot be read, larger ones take long
PAPER, INK, SOFT, ACCENT = (252, 251, 249), (27, 26, 24), (99, 95, 89), (181, 56, 15)  # RGB
HATCH, BAND = (176, 172, 165), (232, 229, 224)
WORDS, GAUGE, CURVE = 22, 12, 46  # pixels: heights of the rows below the frame


def annotate(
    frames: Iterable[np.ndarray],
    scores: np.ndarray,
    *,
    numbers: Iterable[int] | None = None,
    heats: Iterable[np.ndarray] | None = None,
    masks: Iterable[np.ndarray] | None = None,
    labels: np.ndarray | None = None,
    threshold: float | None = None,
    edges: np.ndarray | None = None,
    scale: tuple[float, float],
) -> Iterator[np.ndarray]:
    """Yield the frames of the film.

    Below each frame stand its number, time, score, and in words whether it is called abnormal and
    whether it is so; a bar as long as the score with the threshold as a tick; and the scores of the
    whole video with the truth hatched, the threshold dashed and a cursor.

    Args:
        frames: uint8 [H, W] or [H, W, 3] RGB, those that are shown.
        scores: [t] float, of the whole video.
        numbers: of the frames that are shown, as many as `frames`; None is from 0 on.
        heats: float [H, W] in 0..1, a map a frame that is shown; None where there are none.
        masks: uint8 0/1 [H, W], the truth of each such frame; None where unknown.
        labels: [t] {0, 1}; None where unknown.
        threshold: a frame is called abnormal from here on; None where there is none.
        edges: float64 [t + 1] seconds at which frames begin; None shows no times.
        scale: lowest and highest score drawn, the same for all videos of a run; where the lowest
            is positive, lengths and heights are logarithmic.

    Yields:
        uint8 [h, w, 3] RGB, all of one size, both even.

    Raises:
        ValueError: a map or mask of another size than its frame.
    """
    panel, size = None, (0, 0)
    heats = iter(heats) if heats is not None else None
    masks = iter(masks) if masks is not None else None
    for index, frame in zip(
        itertools.count() if numbers is None else numbers, frames, strict=False
    ):
        image = overlay.rgb(frame)
        if panel is None:
            size = _size(image.shape[:2])
            panel = _Panel(size[0], scores, labels, threshold, edges, scale)
        if heats is not None:
            image = overlay.explained(image, next(heats))
        if masks is not None and (mask := next(masks)).any():
            overlay.draw_truth(image, mask)
        if image.shape[1::-1] != size:
            shrinks = size[0] < image.shape[1]
            image = cv2.resize(
                image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            )
        yield np.concatenate([image, panel.at(index)])


def _size(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the (width, height) of the film's picture for a frame's (height, width)."""
    width = min(max(shape[1], WIDTHS[0]), WIDTHS[1]) // 2 * 2
    return width, max(2, round(shape[0] * width / shape[1] / 2) * 2)


class _Panel:
    """What stands below the frame: words, the score as a bar, the scores of the whole video."""

    def __init__(self, width, scores, labels, threshold, edges, scale):
        self.width, self.labels, self.threshold, self.edges = width, labels, threshold, edges
        self.scores = np.asarray(scores, np.float64)
        self.share = _share(self.scores, *scale)
        self.limit = None if threshold is None else float(_share(threshold, *scale))
        self.ground = self._ground()

    def _ground(self) -> np.ndarray:
        """Draw what stays the same, uint8 [WORDS + GAUGE + CURVE, width, 3]."""
        ground = np.full((WORDS + GAUGE + CURVE, self.width, 3), PAPER, np.uint8)
        curve, total = ground[WORDS + GAUGE :], len(self.scores)
        if self.labels is not None:
            columns = (np.arange(self.width) * total // self.width).clip(0, total - 1)
            true = np.asarray(self.labels)[columns] > 0
            lines = np.add.outer(np.arange(CURVE), np.arange(self.width)) % 6 == 0
            curve[:, true] = BAND
            curve[lines & true] = HATCH
        x = ((np.arange(total) + 0.5) * self.width / total).astype(int)
        y = ((1 - self.share) * (CURVE - 3) + 1).astype(int)
        points = np.stack([x, y], 1).astype(np.int32)
        cv2.polylines(curve, [points], False, INK, 1, cv2.LINE_AA)
        if self.limit is not None:
            row = int((1 - self.limit) * (CURVE - 3) + 1)
            # What reaches the threshold has the accent: `above` is a view into the ground.
            above = curve[: row + 1]
            cv2.polylines(above, [points], False, ACCENT, 2, cv2.LINE_AA)
            curve[row, np.arange(self.width) // 4 % 2 == 0] = INK
        return ground

    def at(self, index: int) -> np.ndarray:
        """Return the panel of one frame, uint8 [WORDS + GAUGE + CURVE, width, 3]."""
        panel = self.ground.copy()
        called = self.threshold is not None and self.scores[index] >= self.threshold
        bar = panel[WORDS : WORDS + GAUGE]
        bar[2:-3] = BAND
        bar[2:-3, : round(self.share[index] * self.width)] = ACCENT if called else SOFT
        if self.limit is not None:
            tick = round(self.limit * (self.width - 2))
            bar[:, tick : tick + 2] = INK
        column = int((index + 0.5) * self.width / len(self.scores))
        panel[WORDS + GAUGE :, max(column - 1, 0) : column + 1] = INK
        panel[:WORDS] = self._words(index, called)
        return panel

    def _words(self, index: int, called: bool) -> np.ndarray:
        picture = Image.new("RGB", (self.width, WORDS), PAPER)
        draw, font = ImageDraw.Draw(picture), _font(12)
        words = [f"frame {index}"]
        if self.edges is not None:
            minutes, seconds = divmod(self.edges[index], 60)
            words.append(f"{int(minutes)}:{seconds:04.1f}")
        words.append(f"score {self.scores[index]:.3g}")
        draw.text((4, 4), "  ".join(words), INK, font)
        x = self.width - 4
        if called:
            x = _tag(draw, x, "ALARM", PAPER, ACCENT)
        if self.labels is not None and self.labels[index]:
            _tag(draw, x, "truly abnormal", INK, PAPER)
        return np.asarray(picture)


def _share(score, low: float, high: float) -> np.ndarray:
    """Return how far up the scale a score lies, 0..1; logarithmic where `low` is positive."""
    if low > 0:
        score, low, high = np.log(np.maximum(score, low)), np.log(low), np.log(high)
    return np.clip((np.asarray(score) - low) / ((high - low) or 1.0), 0, 1)


def _tag(draw: ImageDraw.ImageDraw, right: int, text: str, ink, ground) -> int:
    """Write a framed word that ends at `right`; return where the next one to its left may end."""
    left = right - 9 - round(_font(11).getlength(text))
    draw.rectangle((left, 3, right - 1, WORDS - 4), fill=ground, outline=INK)
    draw.text((left + 5, 5), text, ink, _font(11))
    return left - 4


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
