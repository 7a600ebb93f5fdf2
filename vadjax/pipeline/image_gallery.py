"""The images of a run by kind of defect: image, mask and map side by side, and gallery.json."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from vadjax.evaluation.image_parts import by_category, defects_of
from vadjax.pipeline.films import Shown
from vadjax.pipeline.gallery import SHADE, Drawing, remove_old, shown_of
from vadjax.pipeline.run import Run
from vadjax.storage.files import short_name, write_json

SIDE = 224  # pixels of a panel's longer side
GAP = 4  # pixels between panels
BLANK = 128  # grey of the panel of a mask that is missing
MOST = 180  # pictures of a page, about 25 kB each; with more groups each has fewer
NO_MAPS = "no maps were made of this run"


class Group(NamedTuple):
    """Images that are shown together.

    Attributes:
        category: of the thing that is shown.
        defect: their kind of defect; "" of good ones.
        names: of those that are shown, the highest score first.
        total: how many there are.
    """

    category: str
    defect: str
    names: Sequence[str]
    total: int


def write_image_gallery(run: Run) -> None:
    """Draw test images by defect, the highest scored good ones too; write explain/gallery.json.

    gallery.json: `maps`, `shade` and `quantiles` as `pipeline.gallery` has them, `panels` (names of
    what stands side by side), `groups` [{category, defect, count, key}] and `pictures` {key:
    [{file, video, score, threshold, abnormal}]}, good images first and the highest score first.
    Of many images of a kind, some are shown that are evenly spaced by their scores.

    Args:
        run: of which every stage up to `evaluate` is done, and the maps if there are any.

    Raises:
        UserError: a file cannot be written, or what an earlier stage makes is missing.
    """
    shown = shown_of(run)
    draw = Drawing(run, shown)
    masked = any(one.video.masks is not None for one in shown.values())
    panels = ["image", *(["mask"] if masked else []), *(["map"] if draw.shade else [])]
    pictures: dict[str, list[dict]] = {}
    listed = []
    for number, group in enumerate(groups_of(shown, run.config.explain.num_pictures)):
        key = f"group{number}"
        rows = [_row(name, shown[name]) for name in group.names]
        for row in rows:
            draw.write_jpeg(row["file"], side_by_side(panels_of(draw, row["video"], panels)))
        pictures[key] = rows
        facts = {"category": group.category, "defect": group.defect, "count": group.total}
        listed.append({**facts, "key": key})
    gallery: dict[str, Any] = {
        "maps": draw.what,
        "shade": draw.shade,
        "quantiles": SHADE,
        "panels": panels,
        "groups": listed,
        "pictures": pictures,
        "reasons": {"maps": NO_MAPS},
    }
    remove_old(draw.folder, {row["file"] for rows in pictures.values() for row in rows})
    write_json(draw.folder / "gallery.json", gallery)


def groups_of(shown: Mapping[str, Shown], count: int) -> list[Group]:
    """Choose images: of each category the highest scored good ones, and some of each defect.

    Args:
        shown: all test images.
        count: of a group at most; fewer where there are many groups.

    Returns:
        The groups, category by category; none where nothing is labelled or `count` is 0.
    """
    found = []
    for category, images in by_category([one.scored for one in shown.values()]).items():
        order = np.argsort([-float(image.scores[0]) for image in images], kind="stable")
        ranked = [images[at] for at in order]
        good = [image.id for image in ranked if not image.truth[0]]
        kinds = {"": good}
        for defect, has in defects_of(ranked).items():
            kinds[defect] = [image.id for image, own in zip(ranked, has, strict=True) if own]
        found += [Group(category, defect, names, len(names)) for defect, names in kinds.items()]
    found = [group for group in found if group.total]
    most = min(count, max(1, MOST // max(len(found), 1)))
    return [
        group._replace(names=_some(group.names, most) if group.defect else group.names[:most])
        for group in found
        if most
    ]


def _some(names: Sequence[str], count: int) -> list[str]:
    """Return evenly spaced names, the first and the last among them."""
    at = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[number] for number in at]


def _row(name: str, one: Shown) -> dict:
    return {
        "file": f"explain/{short_name(name)}.jpg",
        "video": name,
        "score": float(one.scored.scores[0]),
        "threshold": one.scored.threshold,
        "abnormal": bool(one.scored.truth[0]),
    }


def panels_of(draw: Drawing, name: str, panels: Sequence[str]) -> list[np.ndarray]:
    """Draw what stands side by side of one image.

    Args:
        draw: of the run.
        name: of the image.
        panels: of "image", "mask", "map".

    Returns:
        uint8 [H, W, 3] each, of the image's size.
    """
    from vadjax.explain import overlay

    video = draw.shown[name].video
    drawn = {"image": overlay.rgb(video.frames[0])}
    if "mask" in panels:
        mask = None if video.masks is None else 255 * video.masks[0]
        grey = np.full(video.frames.shape, BLANK, np.uint8) if mask is None else mask
        drawn["mask"] = overlay.rgb(grey)
    if "map" in panels:
        drawn["map"] = overlay.explained(video.frames[0], next(draw.heats(name, [0])))
    return [drawn[panel] for panel in panels]


def side_by_side(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Shrink pictures of one size until their longer side is `SIDE`, and place them in a row.

    Args:
        panels: uint8 [H, W, 3] each.

    Returns:
        uint8 [h, w, 3], white between them.
    """
    height, width = panels[0].shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    row = []
    for panel in panels:
        row += [cv2.resize(panel, size, interpolation=how), np.full((size[1], GAP, 3), 255, "u1")]
    return np.concatenate(row[:-1], axis=1)
