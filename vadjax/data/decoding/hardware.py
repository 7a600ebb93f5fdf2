"""Decoding streams by hardware, where this machine has a device that can."""

import functools

import av
from av.codec.hwaccel import HWAccel, hwdevices_available

from vadjax.errors import UserError, unknown

CHOICES = ("no", "auto")  # beside the names of devices
CODECS = ("h264", "hevc")  # of cameras; a device that knows neither is of no use
FIRST = ("cuda", "vaapi", "videotoolbox", "d3d11va", "qsv")  # devices, in the order of trying


@functools.lru_cache(maxsize=8)
def device_of(asked: str) -> str:
    """Return the device that decodes.

    Args:
        asked: "no", "auto", or the name of a device as FFmpeg has it, such as cuda or vaapi.

    Returns:
        Its name; "" where the processor decodes.

    Raises:
        UserError: FFmpeg knows no device of this name here, or it cannot be used.
    """
    there = [name for name in hwdevices_available() if name]
    if asked in ("", "no"):
        return ""
    if asked == "auto":
        known = [name for name in FIRST if name in there]
        return next((name for name in known if not _why_not(name)), "")
    if asked not in there:
        raise unknown("--hardware", asked, (*CHOICES, *there))
    if why := _why_not(asked):
        raise UserError(
            f"--hardware={asked} cannot decode here ({why}); --hardware=auto takes what there is."
        )
    return asked


def accelerator(device: str) -> HWAccel | None:
    """Return what PyAV wants of a device; None for the processor.

    A stream that the device cannot decode is decoded by the processor.

    Args:
        device: of `device_of`.
    """
    return HWAccel(device, allow_software_fallback=True) if device else None


def _why_not(name: str) -> str:
    """Say why a device decodes no stream of a camera; "" where it does."""
    why = ""
    for codec in CODECS:
        try:
            accel = HWAccel(name, allow_software_fallback=False)
            accel.create(av.Codec(codec, "r"))
        except (av.FFmpegError, NotImplementedError, ValueError, RuntimeError) as error:
            why = why or str(getattr(error, "strerror", None) or error)
        else:
            return ""
    return why
