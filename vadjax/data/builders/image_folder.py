"""A person's own images, good and bad, of anything: parts, tissue, goods.

Either `train/` with good images and `test/good`, `test/bad`, or `good/` and `bad/` alone; then the
last fifth of the good ones, in natural order, is tested. Folders below `bad/` are kinds of defect.
Masks lie in `masks/`, by the name of their image, in the same folders as below `bad/` or in none.
"""

import pathlib

from vadjax.data.builders.image_set import ImageSet, Picture, folders_in, masks_by_name, pictures_in
from vadjax.data.deviation import Deviation
from vadjax.data.paths.files import describe
from vadjax.data.paths.given_path import packed_beside
from vadjax.errors import UserError

_GOOD = ("good", "normal", "ok")
_BAD = ("bad", "abnormal", "anomaly", "defect", "defective", "ng")


class ImageFolder(ImageSet):
    """A folder of good and bad images of one's own."""

    title = "Images of a folder"
    label_versions = ("folders",)
    convention = "an image is bad where it lies below a folder of that name"
    identity_keys = ("data_dir",)

    def find_pictures(self) -> list[Picture]:
        """List the images of both sides."""
        root = self.source_dir
        train, test = root / "train", root / "test"
        sided = train.is_dir() and test.is_dir()
        good = _all(train) if sided else _below(root, _GOOD)
        tested = _below(test, _GOOD) if sided else {}
        bad = _below(test if sided else root, _BAD)
        if len(good) < 2 or not bad:
            raise UserError(
                f"{root} holds {len(good)} good and {len(bad)} bad images; wanted good/ and bad/, "
                "or train/ with good images and test/good/ and test/bad/. "
                f"{describe(root)}{packed_beside(root)}"
            )
        if not sided:
            names = list(good)
            moved = names[len(names) - max(1, len(names) // 5) :]
            tested = {name: good.pop(name) for name in moved}
            what = f"no train/ and test/: the last {len(moved)} good images by name are tested"
            meaning = "images that were taken one after another may be alike: give folders"
            self.left_out = [Deviation(what, meaning)]
        return [
            *(Picture("train", f"good/{name}", path, "0") for name, path in good.items()),
            *(Picture("test", f"good/{name}", path, "0") for name, path in tested.items()),
            *(self._bad(name, path) for name, path in bad.items()),
        ]

    def _bad(self, name: str, path: pathlib.Path) -> Picture:
        kind, _, _ = name.rpartition("/")
        roots = [self.masks_dir] if self.masks_dir else [self.source_dir / "masks"]
        masks = {**masks_by_name(roots[0]), **masks_by_name(roots[0] / kind)}
        return Picture("test", f"bad/{name}", path, "0", kind or "bad", masks.get(path.stem))


def _below(root: pathlib.Path, names: tuple[str, ...]) -> dict[str, pathlib.Path]:
    """Return the images below the folders of some names."""
    found: dict[str, pathlib.Path] = {}
    for folder in folders_in(root):
        if folder.name.lower() in names:
            found |= _all(folder)
    return found


def _all(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Return the images of a folder at any depth, by their path below it without suffix."""
    found = {path.stem: path for path in pictures_in(folder)}
    for below in folders_in(folder):
        found |= {f"{below.name}/{name}": path for name, path in _all(below).items()}
    return found
