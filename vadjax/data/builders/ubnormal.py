"""UBnormal (Acsintoae et al., CVPR 2022): 543 drawn videos of 29 scenes, supervised and open-set.

Six lists name the normal and the abnormal videos for training, validation and testing; the kinds of
anomaly of the three sides differ. `<video>_annotations/<video>_tracks.txt` says from which frame to
which an object is abnormal (`_new_tracks.txt` in its place where it is there), and a map a frame
has the numbers of all objects. Training videos have these labels too: `one_class` trains on the
normal ones alone. `split=validation` tests on the validation side.
"""

import dataclasses
import pathlib
import re
from collections.abc import Mapping
from typing import ClassVar

from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.wanted import Truth, Wanted, refuse_overlap
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.name_lists import read_lines
from vadjax.data.labels.object_masks import read_tracks
from vadjax.errors import UserError

_SIDES = {"train": "training", "test": "test"}
_FOLDERS = ("", "scripts", "UBnormal", "UBnormal/scripts")
_NAME = re.compile(r"(?:ab)?normal_scene_(\d+)_scenario.*")


class UBnormal(NamedClips):
    """UBnormal."""

    title = "UBnormal"
    label_versions = ("tracks",)
    official_split = True
    splits = ("validation",)
    beside = ("_annotations",)
    fps = 30.0
    convention = "frames counted from 0, both ends included"
    frames: ClassVar = {"train": 116087, "test": 92640}
    num_clips: ClassVar = {"train": 268, "test": 211}
    slack = 30  # frames
    download = Download(
        address="https://github.com/lilygeorgescu/UBnormal",
        files="the data set, and the six lists of the folder scripts",
        licence="CC BY-NC-ND 4.0",
        folder="Scene1/normal_scene_1_scenario_1.mp4 ...\n"
        "Scene1/abnormal_scene_1_scenario_1_annotations/..._tracks.txt, ..._0000_gt.png ...\n"
        "scripts/normal_training_video_names.txt ...   (six lists)",
    )

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """Read the lists, and find the tracks of abnormal videos."""
        self.label_files = []
        wanted = []
        for split, side in _SIDES.items():
            side = self.split if self.split and split == "test" else side
            for kind in ("normal", "abnormal"):
                path = self.needed_file(f"{kind}_{side}_video_names.txt", below=_FOLDERS)
                self.label_files.append(path)
                lines = read_lines(path, form="normal_scene_1_scenario_1")
                wanted += [_wanted(split, line.name, kind, path) for line in lines]
        refuse_overlap(wanted, self.label_files)
        places = {path.stem: path for path in found.paths.values() if path.is_file()}
        self.annotations = {
            each.name: folder
            for each in wanted
            if each.video_label
            and each.name in places
            and (folder := places[each.name].with_name(f"{each.name}_annotations")).is_dir()
        }
        self.label_files += self.annotations.values()
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Read the tracks and maps of an abnormal video."""
        folder = self.annotations.get(wanted.name, self.source_dir)
        names = (f"{wanted.name}_new_tracks.txt", f"{wanted.name}_tracks.txt")
        tracks = next((folder / name for name in names if (folder / name).is_file()), None)
        if tracks is None:
            raise UserError(
                f"{self.title}: no {wanted.name}_annotations/{names[1]} beside {wanted.name}.mp4. "
                f"{self.download.sentence()}"
            )
        events = tuple((start, stop) for _, start, stop in read_tracks(tracks))
        truth = self._within(events, footage, where=str(tracks))
        maps = _maps(folder, wanted.name)
        files = tuple(str(maps.get(n, "")) for n in range(footage.num_frames))
        masks = (str(tracks), *files) if maps else ()
        return dataclasses.replace(truth, masks=masks, mask_form="objects")


def _wanted(split: str, name: str, kind: str, path: pathlib.Path) -> Wanted:
    match = _NAME.fullmatch(name)
    if match is None or name.startswith("ab") != (kind == "abnormal"):
        raise UserError(
            f"{path} names {name!r}; wanted {kind}_scene_1_scenario_1 and so on. Restore it."
        )
    abnormal = kind == "abnormal"
    return Wanted(
        split,
        name,
        scene=match[1],
        video_label=int(abnormal),
        abnormal=None if abnormal else 0,
    )


def _maps(folder: pathlib.Path, name: str) -> Mapping[int, pathlib.Path]:
    """Return the maps of objects by the number of their frame, from 0."""
    pattern = re.compile(rf"{re.escape(name)}_(\d+)_gt\.png")
    found = ((pattern.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in found if match}
