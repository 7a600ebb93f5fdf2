"""Show alarms of runs, detect folders and watches on one page, and label them.

vadjax review DIR [--port=8080] [--host=ADDRESS --token_file=FILE]

  vadjax review runs
  vadjax review runs/door-1a2b3c4d5e/detect --port=9000
  vadjax review VIDEOS --import_labels=annotations.xml

DIR            a folder below which finished runs, folders of vadjax detect, or watches lie
--port=N       serve the page at http://127.0.0.1:N; default 8080
--host=ADDRESS --token_file=FILE --certificate=FILE --key=FILE   for other machines, as vadjax watch
--import_labels=FILE   put the labels of an export of CVAT (XML, "CVAT for video 1.1") or of Label
               Studio (JSON) into DIR/labels.csv, and end; may be given several times

Answers are kept in DIR/review. "This matters" becomes an abnormal interval of its video in
DIR/labels.csv, as data set `folder` reads it; answers of a watch go to the watch.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.review`."""
    from vadjax import review as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, "--", *rest])
