"""What a video is: a hash of its files' bytes, and whether the files are still those opened."""

import hashlib
import os
import pathlib
import re
from collections.abc import Sequence

LENGTH = 32  # hexadecimal digits of a fingerprint; what follows them names a part of the files
LARGE_FILE, HEAD = 1 << 20, 1 << 16  # bytes; of `fingerprint_before`
_PART = re.compile(r"-\d+-\d+")  # frames that a clip is cut to


def fingerprint(paths: Sequence[str | os.PathLike]) -> str:
    """Hash the contents of files, in their order.

    Names, folders and times are left out, so that equal videos are equal wherever they lie, and
    files that differ in one byte are two videos, whatever their names, sizes and times.

    Args:
        paths: the files of one clip.

    Returns:
        `LENGTH` hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in map(pathlib.Path, paths):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:LENGTH]


def signature(paths: Sequence[str | os.PathLike]) -> str:
    """Hash size and times of files, the time of their last change of any kind among them.

    It is compared within one process only: no program can set that time back.

    Args:
        paths: the files; one that is missing is part of the hash.

    Returns:
        Hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError as error:
            digest.update(f"{error.errno}\0".encode())
        else:
            digest.update(f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}\0".encode())
    return digest.hexdigest()


def fingerprint_before(paths: Sequence[str | os.PathLike], now: str) -> str:
    """Return the fingerprint that vadjax gave a clip up to 0.2, for run folders of that time.

    Args:
        paths: the files of the clip.
        now: its fingerprint of today, which ends as that one does.

    Returns:
        A hash of names, sizes and times, and of head and tail of large files; "" where it cannot be
        told: of some images of a folder.
    """
    if len(paths) > 1 and _PART.match(now, LENGTH):
        return ""
    digest = hashlib.sha256()
    for path in map(pathlib.Path, paths):
        stat = path.stat()
        digest.update(os.fsencode(f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0"))
        if stat.st_size >= LARGE_FILE:
            with path.open("rb") as file:
                digest.update(file.read(HEAD))
                file.seek(-HEAD, os.SEEK_END)
                digest.update(file.read())
    return digest.hexdigest()[:LENGTH] + now[LENGTH:]
