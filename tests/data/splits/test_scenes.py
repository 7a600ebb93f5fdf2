import types

import pytest

from vadjax.data.splits.scenes import of_scene, require_one
from vadjax.data.video import Dataset
from vadjax.errors import UserError
from vadjax.pipeline.run import Run


def videos(*scenes):
    return tuple(types.SimpleNamespace(id=f"{i}", scene=s) for i, s in enumerate(scenes))


def made(coverage=None, test=("2", "10", "10")):
    return Dataset("umn", "", coverage, videos("2", "10", "11"), videos(*test))


def test_the_coverage_names_the_scene():
    one = of_scene(made(), "10")
    assert ([v.id for v in one.train], [v.id for v in one.test]) == (["1"], ["1", "2"])
    assert one.coverage == "scene 10: 2 of 3 test clips"
    assert of_scene(made("5 of 6 clips"), "2").coverage == (
        "5 of 6 clips, scene 2: 1 of 3 test clips"
    )


def test_scenes_that_cannot_be_chosen():
    with pytest.raises(UserError, match="scene '3' unknown; choose one of 10, 11, 2"):
        of_scene(made(), "3")
    with pytest.raises(UserError, match=r"scene=11 has no test clip in umn; choose one of 2, 10\."):
        of_scene(made(), "11")
    with pytest.raises(UserError, match="umn has one scene"):
        of_scene(Dataset("umn", "", None, videos("2"), videos("2")), "2")


def test_a_detector_of_one_camera_refuses_several():
    require_one(videos("2", "2"), name="umn")
    clips = {video.id: video for video in videos("2", "10")}
    segments = [types.SimpleNamespace(video_id=name) for name in clips]
    run = types.SimpleNamespace(
        folds=(types.SimpleNamespace(train=types.SimpleNamespace(segments=segments)),),
        videos=clips,
        dataset=types.SimpleNamespace(name="umn"),
    )
    with pytest.raises(UserError, match=r"umn come from 2: 2, 10\. .*dataset\.scene=2"):
        Run.reference.func(run)
