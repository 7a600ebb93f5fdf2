"""Alterations of normal clips: what weather, light and cameras do that is no event."""

import fractions
import pathlib
import tempfile
from collections.abc import Callable, Iterator

import av
import cv2
import numpy as np

from vadjax.data.frames.altered import ALTERATIONS as ALTERATIONS_OF_FRAMES
from vadjax.data.frames.altered import to_bytes
from vadjax.data.frames.on_demand import Frames

Alter = Callable[[list[np.ndarray], np.random.Generator], Iterator[np.ndarray]]


class Altered(Frames):
    """The frames of a clip, altered; the same at each reading."""

    def __init__(self, base: Frames, alter: Alter, seed: int):
        super().__init__(len(base), size=base.shape)
        self._base, self._alter, self._seed = base, alter, seed

    def __iter__(self) -> Iterator[np.ndarray]:
        return self._alter([*self._base], np.random.default_rng(self._seed))

    def _read(self, index: int) -> np.ndarray:
        return [*self][index]


def light(gain: float, *, slow: bool) -> Alter:
    """From the middle of the clip on, or over the whole clip, it becomes brighter or darker."""

    def alter(frames, rng):
        for number, frame in enumerate(frames):
            share = number / len(frames)
            now = 1 + (gain - 1) * (share if slow else float(share >= 0.5))
            yield to_bytes(frame * now)

    return alter


def by_frame(name: str, strength: float) -> Alter:
    """An alteration of `data.frames.altered.ALTERATIONS`, of each frame by itself."""

    def alter(frames, rng):
        for frame in frames:
            yield ALTERATIONS_OF_FRAMES[name].alter(frame, strength, rng)

    return alter


def h264(kbit_s: int) -> Alter:
    """The clip is compressed as H.264 at a low bit rate."""

    def alter(frames, rng):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "clip.mp4")
            with av.open(path, "w") as out:
                stream = out.add_stream("libx264", rate=fractions.Fraction(10))
                stream.height, stream.width = (n // 2 * 2 for n in frames[0].shape[:2])
                stream.pix_fmt, stream.bit_rate = "yuv420p", kbit_s * 1000
                for frame in frames:
                    picture = np.ascontiguousarray(frame[: stream.height, : stream.width])
                    for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "gray")):
                        out.mux(packet)
                for packet in stream.encode():
                    out.mux(packet)
            with av.open(path) as coded:
                decoded = [f.to_ndarray(format="gray") for f in coded.decode(video=0)]
        for frame, picture in zip(frames, decoded, strict=True):
            full = frame.copy()
            full[: picture.shape[0], : picture.shape[1]] = picture
            yield full

    return alter


def moved(across: float, down: float) -> Alter:
    """The camera looks elsewhere, by so many pixels."""

    def alter(frames, rng):
        for frame in frames:
            yield _shifted(frame, across, down)

    return alter


def shake(pixels: float) -> Alter:
    """Each frame is shifted by up to so many pixels across and down."""

    def alter(frames, rng):
        for frame in frames:
            yield _shifted(frame, *rng.uniform(-pixels, pixels, 2))

    return alter


def rain(streaks: int) -> Alter:
    """Bright short streaks, others in every frame."""

    def alter(frames, rng):
        for frame in frames:
            over = np.zeros(frame.shape[:2], np.float32)
            height, width = over.shape
            for x, y, length in zip(
                rng.uniform(0, width, streaks),
                rng.uniform(0, height, streaks),
                rng.uniform(0.03, 0.08, streaks) * height,
                strict=True,
            ):
                end = (int(x + 0.15 * length), int(y + length))
                cv2.line(over, (int(x), int(y)), end, 1.0, 1, cv2.LINE_AA)
            over = cv2.GaussianBlur(over, (0, 0), 0.6) * 60
            yield to_bytes(frame + (over if frame.ndim == 2 else over[..., None]))

    return alter


def _shifted(frame: np.ndarray, across: float, down: float) -> np.ndarray:
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    return cv2.warpAffine(frame, move, frame.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


ALTERATIONS: dict[str, Alter] = {
    "shake of 3 px": shake(3),
    "gain .7, sudden": light(0.7, slow=False),
    "gain 1.3, sudden": light(1.3, slow=False),
    "gain .7, slow": light(0.7, slow=True),
    "gain 1.3, slow": light(1.3, slow=True),
    "noise, sigma 5": by_frame("noise", 5),
    "noise, sigma 10": by_frame("noise", 10),
    "noise, sigma 15": by_frame("noise", 15),
    "JPEG, quality 20": by_frame("jpeg", 20),
    "H.264, 100 kbit/s": h264(100),
    "rain, 15 streaks": rain(15),
    "rain, 40 streaks": rain(40),
    "rain, 150 streaks": rain(150),
    "moved by 24 px": moved(24, 0),
}
