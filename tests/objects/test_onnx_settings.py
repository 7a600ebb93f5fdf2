"""Settings of an ONNX model: its JSON file, its metadata, its defaults."""

import json

import pytest

from vadjax.errors import UserError
from vadjax.objects import onnx_settings
from vadjax.objects.onnx_settings import Settings


def read(folder, values=None, metadata=()):
    if values is not None:
        text = values if isinstance(values, str) else json.dumps(values)
        (folder / "model.json").write_text(text)
    return onnx_settings.read(folder / "model.onnx", dict(metadata))


def test_without_a_file_they_are_those_of_the_yolo_family(tmp_path):
    assert read(tmp_path) == Settings()


def test_metadata_of_an_export_is_used_and_the_file_goes_before_it(tmp_path):
    metadata = {"names": "{0: 'person', 1: 'cart'}", "imgsz": "[320, 640]", "task": "detect"}
    got = read(tmp_path, metadata=metadata)
    assert got.names == ("person", "cart") and got.size == (320, 640)
    got = read(tmp_path, {"names": ["a", "b"], "size": [64, 96], "pad": 0}, metadata)
    assert got == Settings(names=("a", "b"), size=(64, 96), pad=0)


@pytest.mark.parametrize("names", ["", "person", "{1: 'a'}", "[1]", "__import__('os')", "("])
def test_metadata_of_another_form_is_left_out(tmp_path, names):
    assert read(tmp_path, metadata={"names": names, "imgsz": "640"}) == Settings()


def test_every_setting_is_read(tmp_path):
    values = {
        "fit": "corner",
        "pad": 7,
        "order": "bgr",
        "mean": [1, 2.5, 3],
        "std": [1, 1, 2],
        "size": [64, 96],
        "names": ["a"],
        "boxes": "unit",
        "layout": "rows",
    }
    want = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    assert read(tmp_path, values) == Settings(**want)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{", r"model\.json is no JSON"),
        ([1], "holds list, wanted an object"),
        ({"fits": "corner"}, r"'fits' unknown.*Did you mean 'fit'"),
        ({"fit": "crop"}, "'crop' unknown; choose one of corner, letterbox, stretch"),
        ({"order": 3}, "choose one of bgr, rgb"),
        ({"pad": 300}, "pad in .* is 300; wanted a grey level"),
        ({"pad": True}, "wanted a grey level"),
        ({"mean": [1, 2]}, "three numbers"),
        ({"std": [1, 0, 1]}, "three numbers above 0"),
        ({"size": 640}, r"\[height, width\]"),
        ({"names": []}, "a list of names"),
        ({"names": "person"}, "a list of names"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, values, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, values)
