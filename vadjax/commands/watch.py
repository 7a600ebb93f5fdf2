"""Watch cameras, and keep what is unusual as events with pictures and clips.

vadjax watch SOURCE [SOURCE ...] --detector=DIR [--out=DIR] [FLAG ...]   (docs/watch.md has all)

  vadjax watch rtsp://camera/stream --detector=runs/door
  vadjax watch door=rtsp://a/1 yard=0 --detector=door=runs/door,yard=runs/yard
  vadjax watch night.mp4 --detector=runs/door --as_fast

SOURCE         [NAME=] an address (rtsp://, http://), a number of a camera, a video file, a folder,
               or - for a pipe; ${VARIABLE} stands for a variable of the environment
--sources=FILE further sources, one a line, so that no password is in the list of processes
--detector=DIR folder of a finished run (vadjax train); NAME=DIR,NAME=DIR of several cameras
--learn=24h    learn each source without a detector from its own first hours, then watch it
--out=DIR      where events.sqlite, clips and pictures go; default watch
--as_fast --max_fps=N --fps=N --hardware=auto|no|DEVICE   files at full speed; most frames a second;
               where none are said; what decodes streams
--threshold=X --sensitivity=low|medium|high|N   what is abnormal, as in vadjax detect
--cooldown=S --least=S --before=S   seconds that end an event (10), of one (0), before it (5)
--days=N --gigabytes=N --forget=DAYS   how long events and how many clips are kept (30, 10); in how
               many days what is usual at an hour of the week fades (28; 0: a threshold that stays)
--sink=ADDRESS who is told: jsonl:FILE, https://..., mqtt://..., smtp://..., @FILE or env:NAME
--port=N --host=ADDRESS --token_file=FILE --certificate=FILE --key=FILE   serve the page
--blur=people|faces|all-moving --blur_weights=FILE   in stored and shown pictures
--quiet --verbose   nothing but errors; details and times
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.watch`."""
    from vadjax import watch as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, "--", *rest])
