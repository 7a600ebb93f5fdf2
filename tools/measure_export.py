"""Export every detector, and compare it with its original on a real clip: difference and time.

  python tools/measure_export.py --train CLIP CLIP --test CLIP [--detectors=knn,padim]
      [--formats=onnx,stablehlo,tflite] [--size=128] [--frames=60]

A CLIP is a video or a folder of images of one camera: trained is on the first, compared on the
last; of folders of images --frames takes the first ones alone. Prints a row of a table for each
detector and format: the largest difference of two scores as a share of the largest score, and
milliseconds a frame there and in the stream of vadjax. With models of windows trained for one
epoch, as here, levels mean nothing; differences do.
"""

import argparse
import itertools
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from vadjax import config as configs  # noqa: E402
from vadjax.errors import UserError  # noqa: E402
from vadjax.exporting import run as exporting  # noqa: E402
from vadjax.exporting.detectors import EXPORTED, STREAMED  # noqa: E402
from vadjax.exporting.folder import export  # noqa: E402
from vadjax.exporting.formats import FORMATS  # noqa: E402
from vadjax.pipeline import stages  # noqa: E402
from vadjax.pipeline.trained import TrainedDetector  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402

OF_PLACES = {"knn_places": {"features.tap": "stage5"}}
OF_VIDEOS = ("bag_model",)  # learns from labels of videos, which clips of one camera have not


def trained(name, arguments, folder):
    config = configs.default_config()
    config.dataset.name, config.dataset.data_dir = "folder", str(folder / "data")
    config.detector.name = name
    changes = {"features.height": arguments.size, "features.width": arguments.size}
    changes |= {"train.epochs": 1, "evaluate.cross_fit": 0, "explain.maps": False}
    changes |= {"places.updates": 50, "places.coreset": 0.02, **OF_PLACES.get(name, {})}
    config.update_from_flattened_dict(changes)
    workdir = folder / name
    for stage in ("extract", "train", "score", "evaluate"):
        stages.run(configs.validate(config), workdir, stage=stage, quiet=True)
    return TrainedDetector(workdir)


def linked(clip, place, frames):
    if frames is None or clip.is_file():
        place.symlink_to(clip)
        return
    place.mkdir()
    for image in itertools.islice(sorted(clip.iterdir()), frames):
        (place / image.name).symlink_to(image)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", nargs="+", required=True, type=pathlib.Path)
    parser.add_argument("--test", required=True, type=pathlib.Path)
    every = [name for name in (*STREAMED, *EXPORTED) if name not in OF_VIDEOS]
    parser.add_argument("--detectors", default=",".join(every))
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--frames", type=int)
    arguments = parser.parse_args()
    print("| detector | format | largest difference | ms a frame | the stream of vadjax |")
    print("|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        for side, clips in (("train", arguments.train), ("test", [arguments.test])):
            (folder / "data" / side).mkdir(parents=True)
            for clip in clips:
                linked(clip.resolve(), folder / "data" / side / clip.name, arguments.frames)
        test = folder / "data" / "test" / arguments.test.name
        for name in arguments.detectors.split(","):
            detector = trained(name, arguments, folder)
            for form in arguments.formats.split(","):
                out = folder / name / form
                try:
                    export(detector, form=form, out=out)
                    one = exporting.compare(detector, out, test, Console(quiet=True))
                    times = [f"{1000 * seconds:.1f}" for seconds in (one.theirs_s, one.own_s)]
                    found = [f"{one.worst:.1e}", *times]
                except UserError as error:
                    found = [str(error).split(";")[0][:120], "", ""]
                print(f"| `{name}` | {form} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
