"""An annotated film of one video: map, contour and truth on each frame, its score below.

Written as webm (VP8), which browsers play and OpenCV's wheel can write; it has VP9 too, which
takes five times as long, and no H.264.
"""

import contextlib
import functools
import os
import pathlib
import threading
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vadjax.explain import overlay

WIDTHS = (320, 480)  # pixels: smaller films cannot be read, larger ones take long
PAPER, INK, SOFT, ACCENT = (252, 251, 249), (27, 26, 24), (99, 95, 89), (181, 56, 15)  # RGB
HATCH, BAND = (176, 172, 165), (232, 229, 224)
WORDS, GAUGE, CURVE = 22, 12, 46  # pixels: heights of the rows below the frame
DEFAULT_FPS = 10.0  # of a video whose rate nothing says
_OPENING = threading.Lock()  # stderr is one for all threads


def annotate(
    frames: Iterable[np.ndarray],
    scores: np.ndarray,
    *,
    heats: Iterable[np.ndarray] | None = None,
    masks: Iterable[np.ndarray] | None = None,
    labels: np.ndarray | None = None,
    threshold: float | None = None,
    fps: float | None = None,
    scale: tuple[float, float],
) -> Iterator[np.ndarray]:
    """Yield the frames of the film.

    Below each frame stand its number, time, score, and in words whether it is called abnormal and
    whether it is so; a bar as long as the score with the threshold as a tick; and the scores of the
    whole video with the truth hatched, the threshold dashed and a cursor.

    Args:
        frames: uint8 [H, W] or [H, W, 3] RGB, as many as `scores`.
        scores: [t] float.
        heats: float [H, W] in 0..1, a map a frame; None where there are none.
        masks: uint8 0/1 [H, W], the truth of each frame; None where unknown.
        labels: [t] {0, 1}; None where unknown.
        threshold: a frame is called abnormal from here on; None where there is none.
        fps: frames a second; None shows no times.
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
    for index, frame in enumerate(frames):
        image = overlay.rgb(frame)
        if panel is None:
            size = _size(image.shape[:2])
            panel = _Panel(size[0], scores, labels, threshold, fps, scale)
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

    def __init__(self, width, scores, labels, threshold, fps, scale):
        self.width, self.labels, self.threshold, self.fps = width, labels, threshold, fps
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
        if self.fps:
            minutes, seconds = divmod(index / self.fps, 60)
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


def write_webm(path: os.PathLike | str, images: Iterable[np.ndarray], *, fps: float | None) -> int:
    """Write images as a WebM film.

    OpenCV offers no settings of the encoder, and libvpx takes its fast way only where a frame lasts
    a second or longer (vp8/vp8_cx_iface.c, `pick_quickcompress_mode`): a quarter of the time at the
    same size and quality. So the film is written at one frame a second, and then its unit of time
    is shortened, which is one number in its header.

    Args:
        path: the file.
        images: uint8 [h, w, 3] RGB each, of one size.
        fps: frames a second; None is `DEFAULT_FPS`.

    Returns:
        The number of images.

    Raises:
        OSError: OpenCV cannot write there, or there are no images.
    """
    writer, count = None, 0
    try:
        for image in images:
            if writer is None:
                writer = _opened(path, image.shape[1::-1])
            writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
            count += 1
    finally:
        if writer is not None:
            writer.release()
    if not count or not pathlib.Path(path).is_file():
        raise OSError(f"no film could be written to {path}")
    _set_rate(path, fps or DEFAULT_FPS)
    return count


def _set_rate(path: os.PathLike | str, fps: float) -> None:
    """Turn a webm of one frame a second into one of `fps` (RFC 9559, 5.1.2.9 and 5.1.4.1.13).

    All times of a Matroska file are in units of TimestampScale, one millisecond as written.
    """
    with open(path, "rb+") as file:
        head = file.read(4096)
        for name, old in (
            (b"\x2a\xd7\xb1\x83", 1_000_000),  # TimestampScale, nanoseconds
            (b"\x23\xe3\x83\x84", 1_000_000_000),  # DefaultDuration of a frame
        ):
            size = name[-1] & 0x7F
            place = head.find(name + old.to_bytes(size, "big"))
            if place < 0:
                raise OSError(f"{path} is no webm of one frame a second")
            file.seek(place + len(name))
            file.write(round(old / fps).to_bytes(size, "big"))


def _opened(path, size: tuple[int, int]) -> cv2.VideoWriter:
    code = cv2.VideoWriter.fourcc(*"VP80")
    with _OPENING, _quiet():  # OpenCV remarks on stderr that webm has no such tag; it is right
        writer = cv2.VideoWriter(os.fspath(path), cv2.CAP_FFMPEG, code, 1.0, size)
    if not writer.isOpened():
        raise OSError(f"OpenCV cannot write a film to {path}")
    return writer


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Redirect standard error of C code to nowhere during the block."""
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
