"""Compare files with the checksums of the official download."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping

from vadjax.data.text.lists import some

LENGTH = 8  # bytes of a SHA-256 that are kept: no damaged file has them by chance


@dataclasses.dataclass(frozen=True)
class Verified:
    """What comparing has shown.

    Attributes:
      right: number of files that are those of the authors.
      wrong: files of other contents.
      missing: files that are not there.
    """

    right: int
    wrong: tuple[str, ...]
    missing: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the result for the terminal."""
        total = self.right + len(self.wrong) + len(self.missing)
        told = [f"{self.right:,} of {total:,} files are those of the official download"]
        if self.wrong:
            told.append(f"{len(self.wrong):,} have other contents: {some(self.wrong)}")
        if self.missing:
            told.append(f"{len(self.missing):,} are missing: {some(self.missing)}")
        return told


def verify(folder: pathlib.Path, wanted: Mapping[str, bytes]) -> Verified:
    """Hash files and compare.

    Args:
      folder: in which they lie.
      wanted: path below it -> the first `LENGTH` bytes of the file's SHA-256.

    Returns:
      Which are right, wrong and missing.
    """
    right, wrong, missing = 0, [], []
    for name, checksum in wanted.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").digest()[:LENGTH]
        except FileNotFoundError:
            missing.append(name)
            continue
        if found == checksum:
            right += 1
        else:
            wrong.append(name)
    return Verified(right, tuple(wrong), tuple(missing))
