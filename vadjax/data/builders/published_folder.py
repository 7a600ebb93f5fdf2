"""The folders of published feature files: features/DATASET/ with pairs, and a text that lists them.

akramrahmani67-ux/Anomaly-Detection-in-Images- keeps such a text for each data set, below
"Feature Extractors/" ("UMN/UMN dataset.txt"); its pairs are downloaded apart. A line of it names a
backbone as its authors spell it ("CoAtNet-0-RW-224: ..."), and other lines are prose.
"""

import pathlib
from collections.abc import Mapping

from vadjax.data.builders import published_features
from vadjax.data.paths.files import entries
from vadjax.errors import UserError, unknown

GROUPS = ("features", "Feature Extractors")
INDEX = "features_{}.json"  # what vadjax export-features --form=published writes beside a pair


def resolve(root: pathlib.Path, name: str) -> tuple[pathlib.Path, str]:
    """Find the folder of one data set's pairs.

    Args:
        root: that folder, or one that holds several: a copy of the published repository, its
            features/, or any folder of folders.
        name: dataset.feature_name: a backbone, "" where there is one, or DATASET/BACKBONE.

    Returns:
        The folder and the name of the backbone; both as they are where nothing is found.

    Raises:
        UserError: there are several data sets, and none is named, or none of the name.
    """
    if published_features.names(root):
        return root, name
    groups = [root, *(root / group for group in GROUPS if (root / group).is_dir())]
    found = {
        path.name: path
        for group in groups
        for path in entries(group)
        if path.is_dir() and published_features.names(path)
    }
    dataset, several, backbone = name.partition("/")
    if not found:
        return root, name
    if several:
        if dataset not in found:
            raise unknown("data set in dataset.feature_name", dataset, found)
        return found[dataset], backbone
    if len(found) > 1:
        raise UserError(
            f"{root} holds features of {', '.join(sorted(found))}: say which with "
            f"dataset.feature_name=DATASET/BACKBONE, such as {min(found)}/{name or 'repvgg_a0'}."
        )
    return next(iter(found.values())), name


def index_of(folder: pathlib.Path, name: str) -> str:
    """Find the index that says what the rows of a pair are.

    Args:
        folder: of the pairs.
        name: of the backbone; "" where there is one pair only.

    Returns:
        Its name, "" where there is none.
    """
    pairs = published_features.names(folder)
    chosen = published_features.spelled(name, pairs) or (next(iter(pairs)) if pairs else "")
    alone = bool(name) or len(pairs) == 1
    index = INDEX.format(chosen)
    return index if alone and (folder / index).is_file() else ""


def text_of(title: str, pairs: Mapping[str, str]) -> str:
    """List the pairs of a data set, as `published_features.listed` reads it.

    Args:
        title: of the data set.
        pairs: name of the backbone -> what is said of its rows.

    Returns:
        The text.
    """
    lines = [f"{name}: {what}" for name, what in sorted(pairs.items())]
    head = f"Features of {title}, written by vadjax export-features"
    return "\n\n".join([head, "Included feature extractors:", "\n".join(lines)]) + "\n"
