"""Maps, scores and frames of a run -> pictures and films in explain/, and gallery.json."""

import dataclasses
import pathlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.explain.half_quantiles import half_quantiles
from vadjax.pipeline.films import Shown, write_films
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts
from vadjax.storage.files import atomic_write, short_name, write_json

APART_S = 2.0  # between two pictures of one video; frames where no rate is known:
APART = 20
SHADE = (0.9, 0.999)  # quantiles of all cells of all maps: where the colour begins and is full
QUALITY = 85  # of the jpegs
BATCH = 32  # maps brought to frame size at once


def write_gallery(run: Run) -> None:
    """Draw the worst frames of the test videos, film each video, write explain/gallery.json.

    gallery.json: `maps` (what they are, or null), `shade` [low, high] of the colour and which
    `quantiles` these are, `pictures` {most_abnormal, false_alarms, misses: [{file, video, frame,
    time_s, score, threshold, abnormal, regions}]}, `strips` {kind: file}, `films` {video: file},
    `num_left_out` (films not made) and `reasons`. Files are named relative to the workdir.

    Raises:
        UserError: a file cannot be written, or what an earlier stage makes is missing.
    """
    from vadjax.explain import frame_selection

    e, shown = run.config.explain, shown_of(run)
    draw = Drawing(run, shown)
    chosen = frame_selection.worst(
        {name: one.scored.scores for name, one in shown.items()},
        {n: one.video.labels for n, one in shown.items() if one.video.labels is not None},
        {name: one.scored.predicted for name, one in shown.items()},
        count=e.num_pictures,
        apart={name: _apart(one.video) for name, one in shown.items()},
        places={n: one.video.times for n, one in shown.items() if one.video.times is not None},
    )
    pictures, strips = draw.pictures(chosen)
    films, stretches = write_films(run, shown, draw.heats) if e.videos else ({}, {})
    reasons = {
        "maps": "no maps were made of this run",
        "films": "explain.videos is off",
        "false_alarms": "no normal frame among the labelled ones was scored",
        "misses": "no abnormal frame among the labelled ones was scored",
        "pictures": "explain.num_pictures is 0",
    }
    gallery = {
        "maps": draw.what,
        "shade": draw.shade,
        "quantiles": SHADE,
        "pictures": pictures,
        "strips": strips,
        "films": films,
        "moments": stretches,
        "num_left_out": len(shown) - len(films) if e.videos else 0,
        "reasons": reasons,
    }
    remove_old(draw.folder, {*films.values(), *strips.values()} | _files(pictures))
    write_json(draw.folder / "gallery.json", gallery)


def shown_of(run: Run) -> dict[str, Shown]:
    """Gather the test videos in the order of the data set."""
    rows = {row["id"]: row for row in run.metrics["videos"]}
    maps = artifacts.read_maps(run.workdir) or {}
    scored = {v.id: v for v in artifacts.read_scores(run.workdir).test}
    for name in scored:
        _check_masks(run.videos[name])
    return {
        name: Shown(
            video,
            dataclasses.replace(
                scored[name],
                threshold=rows.get(name, {}).get("threshold"),
                alarms=tuple(map(tuple, rows.get(name, {}).get("alarms") or ())),
                maps=maps.get(name),
            ),
        )
        for name, video in run.videos.items()
        if name in scored
    }


def _check_masks(video) -> None:
    """Refuse masks of another size than the frames.

    Raises:
        UserError: with both sizes.
    """
    if video.masks is None or not len(video.masks):
        return
    masks, frames = tuple(video.masks[0].shape), tuple(video.frames.shape)
    if masks != frames:
        raise UserError(
            f"{video.id}: its masks are {masks[1]} x {masks[0]} pixels, its frames {frames[1]} x "
            f"{frames[0]}; give masks of these frames (dataset.masks_dir), or none."
        )


class Drawing:
    """Draws into the run's folder `explain`, all videos on one scale.

    Args:
        run: its config, backbone and folder.
        shown: the videos.
        what: their maps, in words; "" reads it of the run's.
    """

    def __init__(self, run: Run, shown: Mapping[str, Shown], what: str = ""):
        self.run, self.shown, self.folder = run, shown, run.workdir / "explain"
        maps = [one.scored.maps for one in shown.values() if one.scored.maps is not None]
        # One scale for all frames of all videos: a quiet frame stays dark.
        self.shade = half_quantiles(maps, SHADE) if maps else None
        self.what: str | None = None
        if maps:
            self.what = what or artifacts.read_json(run.workdir, "explain/maps.json")["what"]

    def heats(self, name: str, frames: Iterable[int]) -> Iterator[np.ndarray]:
        """Yield the maps of some frames at frame size.

        Args:
            name: of the video.
            frames: of it.

        Yields:
            float32 [H, W] in 0 .. 1 of the common scale.

        Raises:
            ValueError: the video has no maps.
        """
        from vadjax.explain.maps import to_frame

        one, chosen = self.shown[name], list(frames)
        if one.scored.maps is None or self.shade is None:
            raise ValueError(f"there are no maps of {name}")
        low, high = self.shade
        for start in range(0, len(chosen), BATCH):
            part = np.asarray(one.scored.maps[chosen[start : start + BATCH]], np.float32)
            part = ((part - low) / (high - low if high > low else np.inf)).clip(0, 1)
            yield from to_frame(part, self.run.preprocess, one.video.frames.shape)

    def picture(self, name: str, frame: int) -> tuple[str, np.ndarray, int | None]:
        """Draw one frame.

        Args:
            name: of the video.
            frame: of it.

        Returns:
            Its file, the picture uint8 [H, W, 3], and how many regions are marked.
        """
        from vadjax.explain import overlay

        video = self.shown[name].video
        heat = next(self.heats(name, [frame])) if self.shown[name].scored.maps is not None else None
        mask = None if video.masks is None else video.masks[frame]
        image = overlay.explained(video.frames[frame], heat, mask=mask)
        regions = None if heat is None else len(overlay.contours(heat))
        return f"explain/{short_name(name)}-{frame:06d}.jpg", image, regions

    def pictures(self, chosen: Mapping[str, list[tuple[str, int]]]) -> tuple[dict, dict]:
        """Write each chosen frame and a strip of each kind; return their rows and files."""
        from vadjax.explain import overlay

        found = sorted({moment for moments in chosen.values() for moment in moments})
        drawn = {moment: self.picture(*moment) for moment in found}  # ascending: videos decode once
        for file, image, _ in drawn.values():
            self.write_jpeg(file, image)
        rows = {
            kind: [self._row(*moment, drawn[moment]) for moment in moments]
            for kind, moments in chosen.items()
        }
        strips = {kind: f"explain/strip_{kind}.jpg" for kind, moments in chosen.items() if moments}
        for kind, file in strips.items():
            self.write_jpeg(file, overlay.strip([drawn[moment][1] for moment in chosen[kind]]))
        return rows, strips

    def _row(self, name: str, frame: int, drawn: tuple) -> dict:
        one = self.shown[name]
        labels, edges = one.video.labels, one.video.edges
        return {
            "file": drawn[0],
            "video": name,
            "frame": frame,
            "time_s": None if edges is None else float(edges[frame]),
            "score": float(one.scored.scores[frame]),
            "threshold": one.scored.threshold,
            "abnormal": None if labels is None else bool(labels[frame]),
            "regions": drawn[2],
        }

    def write_jpeg(self, file: str, image: np.ndarray) -> None:
        """Write a picture.

        Args:
            file: relative to the workdir.
            image: uint8 [h, w, 3] RGB.
        """
        import cv2

        quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        with atomic_write(self.run.workdir / file) as beside:
            beside.write_bytes(cv2.imencode(".jpg", image[..., ::-1], quality)[1].tobytes())


def _apart(video: Video) -> float:
    """Return the gap between two pictures: seconds of uneven times, else frames."""
    if video.times is not None:
        return APART_S
    return round(APART_S * (video.fps or 0)) or APART


def _files(pictures: Mapping[str, list[dict]]) -> set[str]:
    return {row["file"] for rows in pictures.values() for row in rows}


def remove_old(folder: pathlib.Path, keep: set[str]) -> None:
    """Remove the pictures and films that an earlier run of the stage has left.

    Args:
        folder: explain/ of the workdir.
        keep: files of this run, relative to the workdir.
    """
    for path in (*folder.glob("*.jpg"), *folder.glob("*.webm")):
        if f"explain/{path.name}" not in keep:
            path.unlink()
