"""Watch cameras with a trained detector, and keep what is unusual as events.

python -m vadjax.watch --detector=WORKDIR SOURCE [SOURCE ...] [--out=DIR] [--as_fast]

A SOURCE is [NAME=] an address (rtsp://, http://), a number of a camera, a video file, a folder of
images, or - for a pipe. Writes events.sqlite, clips and pictures into --out.
"""

from absl import flags

from vadjax import cli
from vadjax.data.decoding.hardware import device_of
from vadjax.errors import UserError
from vadjax.live.blur import blur_of
from vadjax.live.outlets import Outlets
from vadjax.live.settled import Settings, seconds_of
from vadjax.live.source import folders_of, read_list, sources_of
from vadjax.storage.workdir import read_config

_DETECTOR = flags.DEFINE_string(
    "detector", "", "Folder of a finished run; NAME=DIR,... of several."
)
_LEARN = flags.DEFINE_string("learn", "", "Learn sources without a detector for so long: 24h.")
_OUT = flags.DEFINE_string("out", "watch", "Where events, clips and pictures go.")
_SOURCES = flags.DEFINE_string("sources", "", "A text file of sources, one a line.")
_AS_FAST = flags.DEFINE_bool("as_fast", False, "Read files as fast as their frames are scored.")
_FPS = flags.DEFINE_float("fps", 0.0, "Frames a second of sources that do not say.", lower_bound=0)
_MAX_FPS = flags.DEFINE_float("max_fps", 0.0, "Frames a second that are scored.", lower_bound=0)
_THRESHOLD = flags.DEFINE_float("threshold", None, "Score from which a frame is abnormal.")
_SENSITIVITY = flags.DEFINE_string("sensitivity", "", "low, medium, high, or false alarms an hour.")
_COOLDOWN = flags.DEFINE_float("cooldown", 10.0, "Quiet seconds that end an event.", lower_bound=0)
_LEAST = flags.DEFINE_float("least", 0.0, "Seconds that an event lasts at least.", lower_bound=0)
_RELEASE = flags.DEFINE_float("release", 1.0, "Share of the threshold that continues an event.")
_BEFORE = flags.DEFINE_float("before", 5.0, "Seconds of a clip before the event.", lower_bound=0)
_DAYS = flags.DEFINE_float("days", 30.0, "Days that events are kept.", lower_bound=0)
_GIGABYTES = flags.DEFINE_float("gigabytes", 10.0, "That all files take at most.", lower_bound=0)
_FORGET = flags.DEFINE_float(
    "forget", 28.0, "Days in which what is usual at an hour fades; 0: the threshold stands still."
)
_SINKS = flags.DEFINE_multi_string("sink", [], "Who is told of events; may be given several times.")
_PORT = flags.DEFINE_integer(
    "port", None, "Serve the page there.", lower_bound=0, upper_bound=65535
)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address at which the page is served.")
_TOKEN = flags.DEFINE_string("token_file", "", "File with the token of the page.")
_CERTIFICATE = flags.DEFINE_string("certificate", "", "File of the TLS certificate of the page.")
_KEY = flags.DEFINE_string("key", "", "File of its key.")
_BLUR = flags.DEFINE_string("blur", "", "people, faces or all-moving, in what is stored.")
_WEIGHTS = flags.DEFINE_string("blur_weights", "", "Object detector that finds people to blur.")
_HARDWARE = flags.DEFINE_string("hardware", "auto", "auto, no, or a device that decodes.")
_QUIET, _VERBOSE = cli.define_output_flags(__name__)


def main(argv: list[str]) -> None:
    """Check the arguments, then watch."""
    texts = [*argv[1:], *(read_list(cli.path_of(_SOURCES.value)) if _SOURCES.value else [])]
    if not texts:
        raise UserError("name at least one source: an address, a number of a camera, a file.")
    optional = lambda flag: cli.path_of(flag.value) if flag.value else None  # noqa: E731
    outlets = Outlets(
        tuple(_SINKS.value),
        port=_PORT.value,
        host=_HOST.value,
        token_file=optional(_TOKEN),
        certificate=optional(_CERTIFICATE),
        key=optional(_KEY),
    )
    blur = blur_of(_BLUR.value, optional(_WEIGHTS))
    sources = sources_of(texts)
    learn_s = seconds_of(_LEARN.value) if _LEARN.value else None
    folders = folders_of(_DETECTOR.value, sources, learning=learn_s is not None)
    for folder in folders.values():
        read_config(folder)
    if not 0 < _RELEASE.value <= 1:
        raise UserError(f"--release={_RELEASE.value}: give a share of the threshold, 0 to 1.")
    out = cli.folder_of(_OUT.value, flag="--out")
    if _FORGET.value and _FORGET.value < 1:
        raise UserError(f"--forget={_FORGET.value:g}: give days, 1 or more, or 0 for never moving.")
    device = device_of(_HARDWARE.value)
    from vadjax.live import start

    start.watch(
        sources,
        folders,
        out=out,
        outlets=outlets,
        settings=Settings(
            blur=blur,
            as_fast=_AS_FAST.value,
            fps=_FPS.value or None,
            max_fps=_MAX_FPS.value or None,
            cooldown_s=_COOLDOWN.value,
            least_s=_LEAST.value,
            release=_RELEASE.value,
            before_s=_BEFORE.value,
            days=_DAYS.value or None,
            gigabytes=_GIGABYTES.value or None,
            learn_s=learn_s or 0.0,
            forget_s=86400 * _FORGET.value or None,
            device=device,
        ),
        threshold=_THRESHOLD.value,
        sensitivity=_SENSITIVITY.value,
        command=cli.command(),
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )


if __name__ == "__main__":
    cli.run(main)
