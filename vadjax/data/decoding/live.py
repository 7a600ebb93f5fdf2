"""Frames that come from a camera, or from the address of a stream."""

import re
import time
from collections.abc import Iterator

import av
import cv2
import numpy as np

from vadjax.data.decoding.decode import MAX_FPS, Decoder
from vadjax.errors import UserError

TIMEOUT_S = 10  # to open a stream, and to wait for its next packet


class LiveSource:
    """A camera by its number, or a stream by its address; not reopened when it ends.

    Times are the stream's own where they grow, else those of this machine's clock.

    Args:
      target: number of a camera, or an address such as rtsp://host/stream.
    """

    num_frames: int | None = None

    def __init__(self, target: int | str):
        self._target = target
        self.name = f"camera {target}" if isinstance(target, int) else without_password(target)
        self.fps: float | None = None  # known from the first frame on

    def __iter__(self) -> Iterator[tuple[np.ndarray, float]]:
        is_camera = isinstance(self._target, int)
        started_s = first_s = latest_s = None
        for image, stated_s in self._camera() if is_camera else self._stream():
            now_s = time.monotonic()
            if latest_s is None or started_s is None:
                started_s, first_s, latest_s = now_s, stated_s, 0.0
            elif stated_s is None or first_s is None or stated_s - first_s <= latest_s:
                latest_s = max(latest_s, now_s - started_s)
            else:
                latest_s = stated_s - first_s
            yield image, latest_s

    def _stream(self) -> Iterator[tuple[np.ndarray, float | None]]:
        try:
            decoder = Decoder(str(self._target), timeout_s=TIMEOUT_S)
        except (av.FFmpegError, ValueError) as error:
            raise self._closed(getattr(error, "strerror", None) or "no answer") from None
        except UserError as error:
            raise UserError(str(error).replace(str(self._target), self.name)) from None
        with decoder:
            self.fps = decoder.fps
            for picture in decoder:
                ticks = picture.ticks
                yield picture.rgb(), None if ticks is None else ticks * decoder.tick_s

    def _camera(self) -> Iterator[tuple[np.ndarray, float | None]]:
        capture = cv2.VideoCapture(int(self._target))
        try:
            if not capture.isOpened():
                raise self._closed("no such camera")
            fps = capture.get(cv2.CAP_PROP_FPS)
            self.fps = fps if 0 < fps <= MAX_FPS else None
            while (pair := capture.read())[0]:
                image = pair[1]
                position_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                shown = cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if image.ndim == 3 else image
                yield shown, position_s if position_s > 0 else None
        finally:
            capture.release()

    def _closed(self, why: str) -> UserError:
        return UserError(
            f"{self.name} cannot be opened ({why}): nothing answers there within {TIMEOUT_S} s, or "
            "it is no video. Check the number or the address, its user and its password."
        )


def without_password(address: str) -> str:
    """Return an address without the user and password in it, for messages and logs.

    >>> without_password("rtsp://me:secret@camera/1")
    'rtsp://***@camera/1'
    """
    return re.sub(r"//[^/]*@", "//***@", address)
