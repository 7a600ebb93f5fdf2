"""ShanghaiTech Campus (Luo et al., ICCV 2017): 13 cameras, 856x480, 24 fps.

The official archive has training clips as videos and test clips as images; of the training clips,
images in `training/frames` are read too. A test frame is abnormal where `test_frame_mask/ID.npy`
says so, or MNAD's `frame_labels_shanghai.npy`, which holds the same. The first two digits of a name
are the camera; the rest counts training clips with three digits and test clips with four, apart
from each other.

Besides the split of its authors (one class: training clips are normal), two lists of the weakly
supervised split of Zhong et al. (CVPR 2019) circulate: `rtfm` (GCN-Anomaly-Detection and RTFM:
names alone) and `mist` (MIST_VAD: name, label, frames). Both name the same clips: 63 abnormal and
175 normal ones for training, 44 and 155 for testing. Of an abnormal training clip the label of the
video alone is given then, whatever the frame masks say.

Label version `nwpu_relabelled` is that of NWPU Campus' authors, for anomalies that depend on the
scene: six test clips are normal.
"""

import functools
import pathlib
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from vadjax.data.builders.download import Download
from vadjax.data.builders.named import NamedClips
from vadjax.data.builders.wanted import Truth, Wanted, refuse_overlap
from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.scan import ScannedClip
from vadjax.data.labels.frame_labels import read_vector
from vadjax.data.labels.mask_forms import read_mask_array
from vadjax.data.labels.name_lists import Line, read_lines
from vadjax.errors import UserError

# Training clips of each camera, numbered from 001.
_TRAINING = dict(
    zip(
        [f"{camera:02d}" for camera in range(1, 14)],
        (83, 15, 6, 20, 66, 30, 8, 49, 10, 11, 10, 15, 7),
        strict=True,
    )
)
# Test clips of each camera: number=frames/abnormal frames.
_TEST = {
    "01": """0014=265/76 0015=433/288 0016=337/91 0025=601/55 0026=505/120 0027=409/74 0028=457/64
        0029=313/113 0030=409/200 0051=337/170 0052=337/89 0053=457/235 0054=577/293 0055=313/245
        0056=529/135 0063=193/71 0064=289/213 0073=289/91 0076=265/229 0129=241/98 0130=337/94
        0131=289/97 0132=265/87 0133=217/216 0134=433/185 0135=409/189 0136=529/311 0138=313/120
        0139=217/107 0140=241/73 0141=313/146 0162=193/104 0163=265/120 0177=317/85""",
    "02": "0128=457/252 0161=337/220 0164=361/190",
    "03": """0031=529/60 0032=409/120 0033=313/115 0035=385/106 0036=457/216 0039=481/211
        0041=457/106 0059=433/147 0060=385/84 0061=241/47""",
    "04": """0001=553/290 0003=937/226 0004=865/130 0010=505/108 0011=313/313 0012=361/343
        0013=361/210 0046=529/170 0050=337/84""",
    "05": """0017=433/133 0018=481/66 0019=649/160 0020=649/56 0021=409/81 0022=337/107
        0023=769/278 0024=433/135""",
    "06": "0144=241/140 0145=217/165 0147=265/76 0150=265/156 0153=217/69 0155=265/96",
    "07": """0005=409/66 0006=385/103 0007=481/93 0008=457/186 0009=313/82 0047=601/204 0048=241/52
        0049=481/100""",
    "08": """0044=313/152 0058=337/231 0077=457/320 0078=217/151 0079=241/95 0080=289/174
        0156=337/90 0157=313/141 0158=337/164 0159=265/131 0178=265/132 0179=337/211""",
    "09": "0057=361/84",
    "10": "0037=433/309 0038=241/227 0042=433/364 0074=601/539 0075=505/100",
    "11": "0176=337/141",
    "12": """0142=601/519 0143=265/177 0148=313/177 0149=241/130 0151=289/213 0152=361/305
        0154=385/296 0173=217/116 0174=337/244 0175=265/157""",
}
LISTS: dict[
    str, dict[str, tuple[str, ...]]
] = {  # split -> names of the lists of both sides, those of features last
    "rtfm": {
        "train": ("SH_Train.txt", "shanghai-i3d-train-10crop.list"),
        "test": ("SH_Test.txt", "shanghai-i3d-test-10crop.list"),
    },
    "mist": {"train": ("SH_Train_new.txt",), "test": ("SH_Test_NEW.txt",)},
}
LIST_FOLDERS = (
    *("", "list", "weakly_supervised_split", "weakly_supervised_split/RTFM"),
    *("weakly_supervised_split/MIST_VAD", "ShanghaiTech_new_split"),
)
_BASES = ("", "shanghaitech/")
_FRAME_MASKS = ("testing/test_frame_mask", "testing/frame_masks", "test_frame_mask", "frame_masks")
_VECTOR = "frame_labels_shanghai.npy"
_PIXEL_MASKS = ("testing/test_pixel_mask", "testing/pixel_masks", "test_pixel_mask", "pixel_masks")


# Test clips that the authors of NWPU Campus take for normal, where what is normal depends on the
# scene.
RELABELLED = ("01_0014", "01_0029", "01_0052", "01_0138", "01_0139", "01_0163")


class ShanghaiTech(NamedClips):
    """ShanghaiTech Campus."""

    title = "ShanghaiTech Campus"
    label_versions = ("frame_masks", "nwpu_relabelled")
    official_split = True
    splits = tuple(LISTS)
    size: ClassVar[tuple[int, int] | None] = (480, 856)
    fps = 24.0
    convention = "one value a frame"
    frames: ClassVar = {"train": 274515, "test": 40791}
    test_clips: ClassVar = {  # name -> frames, abnormal frames
        f"{camera}_{name}": tuple(map(int, counts.split("/")))
        for camera, listed in _TEST.items()
        for name, counts in (each.split("=") for each in listed.split())
    }
    training_clips: ClassVar = tuple(
        f"{camera}_{n:03d}" for camera, count in _TRAINING.items() for n in range(1, count + 1)
    )
    download = Download(
        address="https://svip-lab.github.io/dataset/campus_dataset.html",
        files="shanghaitech.tar.gz",
        licence="BSD 2-Clause, as stated by anomalib; see the page of the authors",
        labels="Lists of the weakly supervised split: SH_Train.txt and SH_Test.txt of "
        "https://github.com/jx-zhong-for-academic-purpose/GCN-Anomaly-Detection, or "
        "SH_Train_new.txt and SH_Test_NEW.txt of https://github.com/fjchange/MIST_VAD.",
        folder="training/videos/01_001.avi ...   (or training/frames/01_001/000.jpg ...)\n"
        "testing/frames/01_0014/000.jpg ...\n"
        "testing/test_frame_mask/01_0014.npy ...\n"
        "testing/test_pixel_mask/01_0014.npy ...\n"
        "SH_Train.txt SH_Test.txt             (split=rtfm alone)",
    )

    def find_wanted(self, found: Clips) -> list[Wanted]:
        """List the clips of the split, and find the labels of the test clips."""
        places = [f"{base}{folder}" for base in _BASES for folder in _FRAME_MASKS]
        # A folder of a file a clip; else one file of all clips.
        self.frame_masks = self.find_file(*places) or self.needed_file(
            _FRAME_MASKS[0], _VECTOR, below=_BASES
        )
        places = [f"{base}{folder}" for base in _BASES for folder in _PIXEL_MASKS]
        self.pixel_masks = self.find_file(*places)
        self.label_files = [path for path in (self.frame_masks, self.pixel_masks) if path]
        if self.split and self.label_version != self.label_versions[0]:
            raise UserError(
                f"dataset.label_version={self.label_version} takes test clips for normal which "
                f"the lists of split {self.split} call abnormal; leave one of the two out."
            )
        if not self.split:
            train = [_clip("train", name, label=0) for name in self.training_clips]
            return [*train, *(self._test_clip(name, label=1) for name in self.test_clips)]
        return self._listed()

    def _listed(self) -> list[Wanted]:
        """Return the clips of a weakly supervised split."""
        wanted = []
        for split, names in LISTS[self.split].items():
            path = self.needed_file(*names, below=LIST_FOLDERS)
            self.label_files.append(path)
            for line in read_lines(path, form="01_0014,1" if self.split == "mist" else "01_0014"):
                line = line._replace(name=line.name.removesuffix("_i3d"))
                label = self._label(line, path)
                test = split == "test"
                wanted.append(
                    self._test_clip(line.name, label=label, frames=_frames(line, path))
                    if test
                    else _clip(split, line.name, label=label)
                )
        refuse_overlap(wanted, self.label_files[-2:])
        return wanted

    def _truth(self, wanted: Wanted, footage: Footage) -> Truth:
        """Read the frame mask and the pixel masks of a test clip."""
        if wanted.split == "train":
            return Truth(None)
        if self.frame_masks.is_dir():
            labels = read_vector(self.frame_masks / f"{wanted.name}.npy")
        else:
            labels = self._joined[wanted.name]
        if len(labels) != footage.num_frames:
            raise UserError(
                f"{self.frame_masks}: {len(labels)} labels for {wanted.name}, which has "
                f"{footage.num_frames} frames. Restore the frames."
            )
        return Truth(labels, self._masks(wanted.name, footage), "array")

    def notes(self, clips: Sequence[ScannedClip]) -> list[Deviation]:
        """Say which clips are compressed otherwise, and which camera has no test clip."""
        kinds = {
            split: {bool(c.footage.announced) for c in clips if c.id.startswith(f"{split}/")}
            for split in ("train", "test")
        }
        notes = []
        if kinds["train"] == {True} and kinds["test"] == {False}:
            notes.append(
                Deviation(
                    "training clips are videos, test clips images, as in the archive",
                    "they are compressed in different ways, which a detector may see",
                )
            )
        return notes

    def _label(self, line: Line, path: pathlib.Path) -> int:
        """Return the label of a listed video."""
        normal, abnormal = line.name in self.training_clips, line.name in self.test_clips
        if not normal and not abnormal:
            raise UserError(
                f"{path}, line {line.number}: ShanghaiTech has no clip {line.name!r}; restore it."
            )
        if self.split == "mist":
            if not line.cells or line.cells[0] not in ("0", "1"):
                raise UserError(
                    f"{path}, line {line.number}: wanted NAME,LABEL with 0 or 1; the line is cut "
                    "off or damaged. Restore the file."
                )
            if (label := int(line.cells[0])) != abnormal:
                raise UserError(
                    f"{path}, line {line.number} calls {line.name} "
                    f"{'abnormal' if label else 'normal'}, which it is not. Restore the file."
                )
        return int(abnormal)

    def _is_relabelled(self, name: str) -> bool:
        return self.label_version == "nwpu_relabelled" and name in RELABELLED

    def _test_clip(self, name: str, *, label: int, frames: int = 0) -> Wanted:
        count, abnormal = self.test_clips.get(name, (frames, 0))
        if self._is_relabelled(name):
            label = abnormal = 0
        return _clip("test", name, label=label, frames=count, abnormal=abnormal)

    @functools.cached_property
    def _joined(self) -> dict[str, np.ndarray]:
        """Labels of all test clips, which MNAD joins one behind the other."""
        path = self.frame_masks
        vector, ends = read_vector(path), np.cumsum([n for n, _ in self.test_clips.values()])
        if len(vector) != ends[-1]:
            raise UserError(
                f"{path} labels {len(vector)} frames, but the {len(ends)} test clips have "
                f"{ends[-1]}. Restore it."
            )
        return dict(zip(self.test_clips, np.split(vector, ends[:-1]), strict=True))

    def _masks(self, name: str, footage: Footage) -> tuple[str, ...]:
        """Return the file of a clip's pixel masks, if it is there.

        Raises:
          UserError: the masks do not fit the frames.
        """
        path = self.pixel_masks / f"{name}.npy" if self.pixel_masks else None
        if path is None or not path.is_file():
            return ()
        wanted = (footage.num_frames, footage.height, footage.width)
        if (shape := read_mask_array(path).shape) != wanted:
            raise UserError(
                f"{path}: masks {list(shape)} for frames {list(wanted)}; they belong to other "
                "frames, or these were resized."
            )
        return (str(path),)


def _clip(
    split: str, name: str, *, label: int, frames: int = 0, abnormal: int | None = None
) -> Wanted:
    if label == 0:
        abnormal = 0
    return Wanted(
        split, name, "", name[:2], video_label=label, num_frames=frames, abnormal=abnormal
    )


def _frames(line: Line, path: pathlib.Path) -> int:
    """Return the frames of a normal clip as MIST counts them; 0 where it says -1 or nothing."""
    if len(line.cells) < 2:
        return 0
    try:
        return max(0, int(line.cells[1]))
    except ValueError:
        raise UserError(
            f"{path}, line {line.number}: {line.cells[1]!r} is no number of frames. Restore it."
        ) from None
