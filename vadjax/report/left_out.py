"""What a page does not show, and why: each reason once, at its end, instead of at every place."""

from collections.abc import Callable


class LeftOut:
    """Collects the figures that have no value while the templates are filled in.

    Attributes:
        names: reason -> the figures without a value for that reason, in the order of the page.
    """

    def __init__(self, why: Callable[[str], str]) -> None:
        """Begin with nothing.

        Args:
            why: returns the reason for a dotted path of metrics.json.
        """
        self._why = why
        self.names: dict[str, list[str]] = {}

    def __call__(self, name: str, path: str) -> str:
        """Note a figure; return "", what the template prints in its place.

        Args:
            name: for a reader.
            path: dotted, in metrics.json.
        """
        listed = self.names.setdefault(self._why(path), [])
        if name not in listed:
            listed.append(name)
        return ""
