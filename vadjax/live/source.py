"""What is watched, by what a person writes: an address, a camera, a file, a folder, a pipe."""

import dataclasses
import os
import pathlib
import re
import urllib.parse
from collections.abc import Iterable, Sequence

from vadjax.data.decoding.live import without_password
from vadjax.data.decoding.sources import SCHEMES
from vadjax.data.paths.files import expanded, missing
from vadjax.errors import UserError

KINDS = ("stream", "camera", "file", "folder", "pipe")
_NAMED = re.compile(r"([A-Za-z0-9][\w .-]{0,39})=(.+)")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclasses.dataclass(frozen=True)
class Source:
    """One thing that is watched.

    Attributes:
        name: for events, pages and files; never holds an address.
        target: address, path or number, with its password.
        kind: one of `KINDS`.
    """

    name: str
    target: str
    kind: str

    @property
    def shown(self) -> str:
        """The target without its user and password."""
        return without_secrets(self.target) if self.kind == "stream" else self.target

    @property
    def is_live(self) -> bool:
        """Whether frames come when they come, so that those that are too many are dropped."""
        return self.kind in ("stream", "camera", "pipe")

    def __repr__(self) -> str:
        """Name it without its password: this may go into a log."""
        return f"Source({self.name!r}, {self.shown!r}, {self.kind!r})"


def sources_of(texts: Sequence[str]) -> list[Source]:
    """Read what is to be watched.

    Args:
        texts: [NAME=]ADDRESS each; ${VARIABLE} in an address stands for a variable of the
            environment, so that a password need not be typed.

    Returns:
        The sources, whose names differ.

    Raises:
        UserError: one is none of those that are read, is not there, or has the name of another.
    """
    found: list[Source] = []
    for text in texts:
        named = _NAMED.fullmatch(text)
        name, target = named.groups() if named and "://" not in named[1] else ("", text)
        target = _VARIABLE.sub(_variable, target)
        kind = _kind(target)
        if name and any(one.name == name for one in found):
            raise UserError(f"two sources are called {name!r}; give each a name of its own.")
        taken = {one.name for one in found}
        found.append(Source(name or _free(_usual_name(target, kind), taken), target, kind))
    return found


def read_list(path: pathlib.Path) -> list[str]:
    """Return the sources that a file names, one a line; # begins a comment.

    Raises:
        UserError: it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}); give a text file.") from error
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def folders_of(
    text: str, sources: Sequence[Source], *, learning: bool = False
) -> dict[str, pathlib.Path]:
    """Return the folder of the run of each source.

    Args:
        text: --detector as it was typed.
        sources: that are watched.
        learning: whether sources without one are learnt, and left out here.

    Returns:
        Folders by the names of the sources.

    Raises:
        UserError: a source has none, or a name is none of theirs.
    """
    if not text and learning:
        return {}
    if not text:
        raise UserError(
            "give --detector=DIR, the folder of a finished run (vadjax train), or --learn=24h to "
            "learn each source from its own first hours."
        )
    names = {source.name for source in sources}
    found: dict[str, pathlib.Path] = {}
    usual: pathlib.Path | None = None
    for part in text.split(","):
        name, equals, folder = part.partition("=")
        if equals and name in names:
            found[name] = pathlib.Path(folder).expanduser()
        elif equals and not pathlib.Path(part).expanduser().is_dir():
            raise UserError(
                f"--detector={part}: no source is called {name!r}; they are called "
                f"{', '.join(sorted(names))}."
            )
        else:
            usual = pathlib.Path(part).expanduser()
    missing = sorted(names - found.keys())
    if missing and usual is None and not learning:
        raise UserError(f"no detector for {', '.join(missing)}; give --detector={missing[0]}=DIR.")
    return {**{name: usual for name in missing if usual is not None}, **found}


def without_secrets(text: str) -> str:
    """Return an address or a message without user, password and the values of its query.

    >>> without_secrets("rtsp://me:secret@camera/1?token=abc")
    'rtsp://***@camera/1?***'
    """
    return re.sub(r"(\w+://[^\s?]*)\?\S*", r"\1?***", without_password(text))


def _variable(match: re.Match) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise UserError(f"the variable {match[1]} of the environment is not set.")
    return urllib.parse.quote(value, safe="")  # a password may hold "@" or "/"


def _kind(target: str) -> str:
    if re.match(r"\w+://", target):
        scheme = target.split(":")[0].lower()
        if scheme not in SCHEMES:
            raise UserError(
                f"{without_secrets(target)}: addresses with {scheme}:// are not read; use one of "
                f"{', '.join(SCHEMES)}, a number of a camera, or the path of a file or folder."
            )
        return "stream"
    path = expanded(target)
    if target == "-" or path.is_fifo():
        return "pipe"
    if target.isdecimal() and not path.exists():
        return "camera"
    if not path.exists():
        raise UserError(f"{target} does not exist.{missing(path)}")
    return "folder" if path.is_dir() else "file"


def _usual_name(target: str, kind: str) -> str:
    if kind == "stream":
        name = urllib.parse.urlsplit(target).hostname or "stream"
    elif kind == "camera":
        name = f"camera-{target}"
    else:
        name = "pipe" if target == "-" else pathlib.Path(target).resolve().stem
    return re.sub(r"[^\w.-]+", "-", name)[:40] or kind


def _free(name: str, taken: Iterable[str]) -> str:
    """Return the name, with a number where it is taken."""
    names = [name, *(f"{name}-{number}" for number in range(2, 1000))]
    return next(each for each in names if each not in set(taken))
