"""Where a sink is, as a person typed it, and how it is shown without its secrets."""

import dataclasses
import hashlib
import os
import pathlib
import re
import urllib.parse

from vadjax.errors import UserError, system_message

HIDDEN = "***"


@dataclasses.dataclass(frozen=True)
class Address:
    """An address of a sink.

    Attributes:
        url: without fragment, user and password; its path and query may be secret, so that `repr`
            leaves it out.
        user: name to log in with, or "".
        password: to log in with, or ""; `repr` leaves it out.
        options: of the fragment, such as `#pictures=yes&states=open`.
        secret: whether the whole address came from a file or the environment, so that its path
            may be a secret too.
    """

    url: str = dataclasses.field(repr=False)
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)
    options: dict[str, str] = dataclasses.field(default_factory=dict)
    secret: bool = False

    @property
    def parts(self) -> urllib.parse.SplitResult:
        """The parts of the URL."""
        return urllib.parse.urlsplit(self.url)

    @property
    def shown(self) -> str:
        """The address for logs and pages: no user, no password, no query, no secret path."""
        parts = self.parts
        path = "/" + HIDDEN if self.secret and parts.path.strip("/") else parts.path
        return f"{parts.scheme}:{'//' + parts.netloc if parts.netloc else ''}{path}"

    @property
    def name(self) -> str:
        """A name that stays the same as long as the address does, and tells no secret."""
        kind = self.parts.scheme
        told = self.options.get("name")
        return told or f"{kind}-{hashlib.sha256(self.url.encode()).hexdigest()[:12]}"

    def hide(self, text: str) -> str:
        """Return a text without this address and what is secret in it."""
        secrets = [self.password, self.url, self.parts.query]
        if self.secret:
            secrets.append(self.parts.path.strip("/"))
        for secret in secrets:
            for form in {secret, urllib.parse.quote(secret, safe="")}:
                if len(form) > 2:
                    text = text.replace(form, HIDDEN)
        return text


def read_address(text: str) -> Address:
    """Read the address of a sink.

    >>> read_address("mqtt://home@broker/site#pictures=yes").shown
    'mqtt://broker/site'

    Args:
        text: a URL, `jsonl:FILE`, or the place of such a text, `@FILE` or `env:NAME`, which keeps
            it out of the process list. A password is taken only from there, or from the variable
            VADJAX_SINK_PASSWORD or the file that VADJAX_SINK_PASSWORD_FILE names.

    Returns:
        The address.

    Raises:
        UserError: it is none, or has a password where other users of the machine can read it.
    """
    text, kept = _dereferenced(text.strip())
    url, _, fragment = text.partition("#")
    try:
        parts = urllib.parse.urlsplit(url)
        user, password, _ = parts.username or "", parts.password or "", parts.port
        options = dict(urllib.parse.parse_qsl(fragment, strict_parsing=bool(fragment)))
    except ValueError:
        raise UserError("the address of a sink cannot be read; see vadjax watch --help.") from None
    if re.search(r"[\x00-\x20\x7f]", url):
        raise UserError("the address of a sink holds a space or a line break.")
    if password and not kept:
        raise UserError(
            f"the address of sink {parts.scheme}://{parts.hostname} holds a password, which every "
            "user of this machine can read in the list of processes: write the address into a file "
            "and give @FILE, or into a variable and give env:NAME."
        )
    netloc = parts.netloc.rpartition("@")[2]
    if user and not password:
        password = _password()
    return Address(
        urllib.parse.urlunsplit(parts._replace(netloc=netloc)),
        urllib.parse.unquote(user),
        urllib.parse.unquote(password),
        options,
        kept,
    )


def _dereferenced(text: str) -> tuple[str, bool]:
    """Return the address, and whether it was kept out of the process list."""
    if text.startswith("env:"):
        name = text[4:]
        if not os.environ.get(name):
            raise UserError(f"sink env:{name}: the variable {name} is not set.")
        return os.environ[name].strip(), True
    if text.startswith("@"):
        return read_secret(pathlib.Path(text[1:]).expanduser(), what="the address of a sink"), True
    return text, False


def _password() -> str:
    if path := os.environ.get("VADJAX_SINK_PASSWORD_FILE"):
        return read_secret(pathlib.Path(path), what="the password of a sink")
    return os.environ.get("VADJAX_SINK_PASSWORD", "")


def read_secret(path: pathlib.Path, *, what: str) -> str:
    """Return the first line of a file.

    Args:
        path: the file.
        what: it holds, for messages.

    Returns:
        The line, without space around it.

    Raises:
        UserError: it cannot be read, or is empty.
    """
    try:
        with path.open(encoding="utf-8") as file:
            line = file.readline(8192).strip()
    except (OSError, UnicodeDecodeError) as error:
        said = system_message(error, where=path) if isinstance(error, OSError) else None
        raise UserError(f"{what}: {said or f'{path} is no text.'}") from None
    if not line:
        raise UserError(f"{what}: the first line of {path} is empty.")
    return line
