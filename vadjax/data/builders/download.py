"""Where a data set comes from, for `vadjax inspect --download-help` and for messages."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Download:
    """What a person needs to get a data set; nothing is downloaded by vadjax.

    Attributes:
      address: page of the authors.
      files: what to get there.
      folder: what to make of it, a line a folder or file below `data_dir`.
      licence: under which it is given, or what its authors ask for.
      size: of the download, where it was published or counted.
      checksum: what the files can be compared with.
      labels: where the labels come from, if elsewhere.
    """

    address: str
    files: str
    folder: str
    licence: str
    size: str = "not published"
    checksum: str = "none was published"
    labels: str = ""

    def sentence(self) -> str:
        """Return what to do, for an error message."""
        labels = f" {self.labels}" if self.labels else ""
        return f"Get {self.files} from {self.address} and unpack it.{labels}"

    def lines(self, name: str) -> list[str]:
        """Return all of it.

        Args:
          name: of the data set in vadjax.

        Returns:
          Lines for the terminal.
        """
        facts = {
            "address": self.address,
            "files": self.files,
            "size": self.size,
            "licence": self.licence,
            "checksum": self.checksum,
            "labels": self.labels,
        }
        told = [f"{key + ':':10}{value}" for key, value in facts.items() if value]
        tree = [f"  {line}" for line in ("DIR/", *("  " + x for x in self.folder.splitlines()))]
        check = f"check with: vadjax inspect {name} --data_dir=DIR"
        return [*told, "folder to make:", *tree, check]
