"""The process that says which files were being decoded when vadjax crashed (`runtime.crash`).

It is run as a file, `python -I -S crash_report.py NAMES`, with the standard library alone, and ends
with the process that it watches. Standard input carries what faulthandler writes, `NAMES` is the
number of the open file of names.
"""

import os
import re
import sys
from collections.abc import Sequence

SLOT = 1024  # bytes of a name
START = b"Fatal Python error: "


def report(dump: str, names: Sequence[str]) -> str:
    """Return the message for a crash.

    Args:
        dump: what faulthandler wrote.
        names: of the files that were being decoded.

    Returns:
        The message; the dump itself where no file was being decoded.
    """
    if not names:
        return dump
    fault = dump.partition("\n")[0].removeprefix(START.decode())
    at = re.search(r'^Current thread .*\n  File "(.*)", line (\d+)', dump, re.MULTILINE)
    where = f" in {at[1]}, line {at[2]}" if at else ""
    several = len(names) > 1
    listed = "".join(f"\n  {name}" for name in names)
    return (
        f"vadjax: the process crashed ({fault}{where}) while it decoded "
        f"{f'{len(names)} files' if several else 'a file'}:{listed}\n"
        f"{'One of them' if several else 'It'} is probably damaged in a way that the decoder does "
        "not survive. Leave it out, or convert it with ffmpeg; if that does not help, the fault "
        "lies elsewhere.\n"
    )


def names_of(content: bytes) -> list[str]:
    """Return the names in the slots that are in use.

    Args:
        content: slots of `SLOT` bytes, filled with zero bytes.

    Returns:
        The names, each once.
    """
    slots = [content[start : start + SLOT] for start in range(0, len(content), SLOT)]
    names = [slot.rstrip(b"\0").decode("utf-8", "replace") for slot in slots]
    return list(dict.fromkeys(name for name in names if name))


def main() -> None:
    """Wait for the end of the process; report where faulthandler wrote something."""
    dump = os.read(0, 1 << 16)
    if not dump:
        return
    size = os.fstat(int(sys.argv[1])).st_size
    names = names_of(os.pread(int(sys.argv[1]), size, 0))
    while part := os.read(0, 1 << 16):
        dump += part
    os.write(2, report(dump.decode("utf-8", "replace"), names).encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
