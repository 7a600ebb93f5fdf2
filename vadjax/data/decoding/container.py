"""Open video files and streams by PyAV, and say why one cannot be opened.

A file is opened as a path, never as an address, and nothing that its contents name is opened.
"""

import os
import re
import shlex
import subprocess
import sys

import av

from vadjax.data.decoding.hardware import accelerator
from vadjax.data.paths.files import unreadable
from vadjax.data.text.printable import printable
from vadjax.errors import UserError

MAX_PIXELS = 8192 * 4320  # of a picture, 8K; a header that says more is damaged or hostile
TIMEOUT_S = 60.0  # to open a file, and to read on by one packet
# What a device that is busy, or may not be used, answers; a network never does.
OF_DEVICES = (
    av.error.PermissionError,
    av.error.MemoryError,
    av.error.ExternalError,
    NotImplementedError,
)
PLAYLISTS = {"concat", "concatf", "dash", "hls", "imf", "sdp"}  # they name other files
_LISTING = """
import sys, av, av.logging
av.logging.set_level(av.logging.INFO)
limits = {"protocol_whitelist": "file"}
with av.open(f"file:{sys.argv[1]}", container_options=limits, metadata_errors="replace") as file:
    print(ascii(file.dumps_format()))
"""


def open_file(path: str) -> av.container.InputContainer:
    """Open a file, and nothing that its name or its contents may lead to.

    Raises:
      UserError: it cannot be read, or is no video.
    """
    try:
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        raise UserError(f"{printable(path)} cannot be read ({error.strerror}).") from None
    try:
        container = av.open(
            f"file:{os.path.abspath(path)}",
            container_options={"protocol_whitelist": "file"},
            options={"max_pixels": str(MAX_PIXELS)},
            metadata_errors="replace",
            timeout=TIMEOUT_S,
        )
    except (av.FFmpegError, ValueError) as error:
        raise no_video(path, getattr(error, "strerror", None) or str(error)) from None
    if container.format.name.split(",")[0] in PLAYLISTS:
        container.close()
        raise UserError(
            f"{printable(path)} is a list of other files, not a video; give those files."
        )
    return container


def open_address(
    address: str, *, timeout_s: float, device: str = ""
) -> av.container.InputContainer:
    """Open a stream by its address.

    Args:
      address: such as rtsp://host/stream.
      timeout_s: to open it, and to wait for a packet.
      device: that decodes, see `hardware.device_of`; "" is the processor.

    Returns:
      The stream.

    Raises:
      av.FFmpegError: nothing answers, or it is no video.
    """
    options = {"rtsp_transport": "tcp"} if address.lower().startswith("rtsp") else {}
    for one in (device, "") if device else ("",):
        try:
            return av.open(
                address,
                container_options=options,
                options={"max_pixels": str(MAX_PIXELS)},
                metadata_errors="replace",
                timeout=timeout_s,
                hwaccel=accelerator(one),
            )
        except OF_DEVICES:
            if not one:
                raise
    raise AssertionError("not reached")


def no_video(path: str, why: str) -> UserError:
    """Build the error for a file that is no video.

    Args:
      path: of the file.
      why: it is none.

    Returns:
      The error, to be raised.
    """
    size = os.path.getsize(path)
    why = why if size else "it is empty"
    return unreadable(
        path,
        f"{printable(path)} ({size} bytes) cannot be decoded as a video ({why}): it is "
        "cut short, or its format is unknown here. Download it again, or convert it: "
        f"{conversion(path)}",
    )


def conversion(path: str, *, scale: bool = False) -> str:
    """Return the command that converts a file into one that is read everywhere.

    Args:
      path: of the file.
      scale: make its pictures smaller too.

    Returns:
      A line for a shell.
    """
    smaller = " -vf scale=1280:-2" if scale else ""
    names = (printable(name) for name in (path, f"{os.path.splitext(path)[0]}-h264.mp4"))
    source, result = map(shlex.quote, names)
    return f"ffmpeg -i {source}{smaller} -c:v libx264 -an {result}"


def codec_name(path: str) -> str:
    """Name the codec of a file's pictures that has no decoder, which only FFmpeg's listing says.

    The listing goes through PyAV's log, so a process of its own makes it: while the log is on, a
    decoder thread that says something waits for the interpreter, for ever if its end is awaited.
    """
    command = [sys.executable, "-c", _LISTING, os.path.abspath(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S)
        text = done.stdout.decode("ascii", "replace")
    except (OSError, subprocess.TimeoutExpired):
        text = ""
    found = re.search(r"Video: (\w+)[^(,]*(?:\((\w+) / )?", text)
    names = [name for name in (found.groups() if found else ()) if name and name != "none"]
    return names[0] if names else "something that it does not name"
