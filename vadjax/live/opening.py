"""Open a source once: its frames with their times, or why it cannot be opened."""

import contextlib
import pathlib
import time
from collections.abc import Iterator

import av
import numpy as np

from vadjax.data.decoding.decode import Decoder
from vadjax.data.decoding.live import LiveSource
from vadjax.data.decoding.sources import open_source
from vadjax.data.paths.files import expanded
from vadjax.errors import UserError
from vadjax.live.folder import GrowingFolder
from vadjax.live.source import Source, without_secrets

TIMEOUT_S = 5.0  # to open a stream, and to wait for its next packet


class Unavailable(Exception):
    """A source that gives no frames now.

    Args:
        message: for a person.
        again: trying again soon may help; else it would only annoy the camera.
    """

    def __init__(self, message: str, *, again: bool):
        super().__init__(without_secrets(message))
        self.again = again


class Opened:
    """One pass over a source.

    Attributes:
        fps: frames a second, known from the first frame on; None where nothing says.
        wall: seconds since 1970 UTC at the time 0 of the frames, where files say it; else None.

    Args:
        source: what is opened.
        fps: frames a second of images.
        memory: file in which it is kept how far a folder was read; None keeps nothing.
        once: read a folder as it is, instead of waiting for further files.
        device: that decodes streams; "" is the processor.
    """

    def __init__(
        self,
        source: Source,
        *,
        fps: float | None = None,
        memory: pathlib.Path | None = None,
        once: bool = False,
        device: str = "",
    ):
        self.source, self._image_fps, self._device = source, fps, device
        self._memory, self._once = memory, once
        self.fps: float | None = None
        self.wall: float | None = None

    def __iter__(self) -> Iterator[tuple[np.ndarray, float | None]]:
        """Yield frames with their own seconds, None where the source gives none.

        Raises:
            Unavailable: it says why there are no frames, or no more.
        """
        source = self.source
        try:
            if source.kind == "stream":
                yield from self._stream()
            elif source.kind == "camera":
                camera = LiveSource(int(source.target))
                for frame, at in camera:
                    self.fps = camera.fps
                    yield frame, at
            elif source.kind == "folder":
                path = expanded(source.target)
                folder = GrowingFolder(
                    path, memory=self._memory, fps=self._image_fps, once=self._once
                )
                for frame, at in folder:
                    self.fps, self.wall = folder.fps, folder.wall
                    yield frame, at
            else:
                opened = open_source(source.target)
                self.fps = opened.fps
                yield from opened
        except UserError as error:
            raise Unavailable(f"{source.name}: {error}", again=source.kind == "camera") from None

    def _stream(self) -> Iterator[tuple[np.ndarray, float | None]]:
        name = f"{self.source.name} ({self.source.shown})"
        try:
            decoder = Decoder(self.source.target, timeout_s=TIMEOUT_S, device=self._device)
        except (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError):
            raise Unavailable(
                f"{name} refuses the user or the password (401): correct them", again=False
            ) from None
        except av.error.HTTPNotFoundError:
            raise Unavailable(
                f"{name} knows no such stream (404): check the path", again=False
            ) from None
        except UserError as error:  # it answers, and has no pictures
            text = str(error).replace(self.source.target, self.source.shown)
            raise Unavailable(f"{self.source.name}: {text}", again=False) from None
        except (av.FFmpegError, ValueError, OSError) as error:
            why = getattr(error, "strerror", None) or "no answer"
            raise Unavailable(f"{name} does not answer ({why})", again=True) from None
        with contextlib.closing(decoder):
            self.fps = decoder.fps
            for picture in decoder:
                ticks = picture.ticks
                yield picture.rgb(), None if ticks is None else ticks * decoder.tick_s
        raise Unavailable(f"{name}: the stream has ended", again=True)


def sleep_until(at: float) -> None:
    """Wait until a time of `time.monotonic`."""
    if (left := at - time.monotonic()) > 0:
        time.sleep(left)
