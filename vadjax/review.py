"""Show the alarms of runs, of detect folders and of watches on the page of a watch.

python -m vadjax.review DIR [--port=8080] [--host=127.0.0.1] [--token_file=FILE]
python -m vadjax.review DIR --import_labels=FILE

Answers are kept in DIR/review, and those of videos written as DIR/labels.csv.
"""

import pathlib
import time

from absl import flags

from vadjax import cli
from vadjax.errors import UserError
from vadjax.live.outlets import Outlets

_PORT = flags.DEFINE_integer("port", 8080, "Serve the page there; 0 takes a free port.", 0, 65535)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address at which the page is served.")
_TOKEN = flags.DEFINE_string("token_file", "", "File with the token of the page.")
_CERTIFICATE = flags.DEFINE_string("certificate", "", "File of the TLS certificate of the page.")
_IMPORT = flags.DEFINE_multi_string(
    "import_labels", [], "Export of CVAT or Label Studio that goes into labels.csv, and no page."
)
_KEY = flags.DEFINE_string("key", "", "File of its key.")


def main(argv: list[str]) -> None:
    """Gather the events, and serve them until the process is stopped."""
    if len(argv) != 2:
        raise UserError("name one folder, below which runs, detect folders or watches lie.")
    folder = cli.path_of(argv[1])
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder.")
    if _IMPORT.value:
        _import(folder, [cli.path_of(name) for name in _IMPORT.value])
        return
    from vadjax.live.review import Review

    optional = lambda flag: cli.path_of(flag.value) if flag.value else None  # noqa: E731
    outlets = Outlets(
        port=_PORT.value,
        host=_HOST.value,
        token_file=optional(_TOKEN),
        certificate=optional(_CERTIFICATE),
        key=optional(_KEY),
    )
    review = Review(folder)
    say = lambda text: print(text, flush=True)  # noqa: E731
    title = f"Review of {folder.resolve().name}"
    page = {"folder": folder, "title": title, "answered": review.answered}
    with outlets.opened(review.store, None, say, **page):
        while True:
            time.sleep(3600)


def _import(folder: pathlib.Path, paths: list[pathlib.Path]) -> None:
    """Take labels from exports into labels.csv."""
    from vadjax.live.imported import LABELS, import_labels
    from vadjax.live.review import rewrite_labels

    found = import_labels(folder, paths)
    rewrite_labels(folder)
    count = sum(map(len, found.values()))
    print(f"{count} marks of {len(found)} videos are in {folder / LABELS}")


if __name__ == "__main__":
    cli.run(main)
