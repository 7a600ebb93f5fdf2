"""Altered copies: how many, of which frames, how they look, and that the source is read once."""

import numpy as np
import pytest

from vadjax.data.frames.on_demand import Frames
from vadjax.data.splits.copies import AVENUE, UCSD, copies, origin
from vadjax.data.video import Video
from vadjax.errors import UserError


class Numbered(Frames):
    """Frame i is a ramp, brighter by i; counts how often it is read."""

    def __init__(self, num_frames, shape=(4, 6)):
        super().__init__(num_frames)
        self.ramp = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
        self.read = 0

    def _read(self, index):
        self.read += 1
        return self.ramp + np.uint8(index)


def video(name, labels, num_frames=None, **kwargs):
    frames = Numbered(len(labels) if num_frames is None else num_frames, **kwargs)
    labels = None if labels is None else np.array(labels, np.uint8)
    return Video(name, "test", frames, labels=labels, fingerprint="f")


def listed(made):
    """Every copy as (source, frame, change), in the notebook's order."""
    rows = [
        (v.metadata["source_id"], int(f), v.metadata["augmentation"])
        for v in made
        for f in v.metadata["frames"]
    ]
    return sorted(rows, key=lambda r: (r[0], r[1], [*AVENUE, *UCSD].index(r[2])))


@pytest.mark.parametrize("num_normal", [0, 3, 4, 6, 7, 9, 12, 30])
@pytest.mark.parametrize("name", ["ucsd", "avenue"])
def test_copies_are_made_frame_by_frame_until_the_classes_are_even(num_normal, name):
    videos = [video("a", [0, 1, 0, 1]), video("b", [1]), video("c", None, num_frames=num_normal)]
    changes = AVENUE if name == "avenue" else UCSD
    wanted = []
    for source, frame in [("a", 1), ("a", 3), ("b", 0)]:  # the notebook's loop
        for change in changes:
            if 3 + len(wanted) < 2 + num_normal:
                wanted.append((source, frame, change))
    assert listed(copies(videos, recipe="rahmani_compat", like=name)) == sorted(
        wanted, key=lambda r: (r[0], r[1], [*AVENUE, *UCSD].index(r[2]))
    )


def test_copies_look_as_named():
    source = video("a", [0, 1, 0, 0, 0])
    flip, r90, r180 = copies([source], recipe="rahmani_compat")
    image = source.frames[1]
    np.testing.assert_array_equal(flip.frames[0], image[:, ::-1])
    np.testing.assert_array_equal(r90.frames[0], np.rot90(image, -1))
    np.testing.assert_array_equal(r180.frames[0], image[::-1, ::-1])
    assert origin(r90) == {"source_id": "a", "augmentation": "r90"} and origin(source) == {}
    assert r90.id == "a~r90" and r90.labels.tolist() == [1]
    assert len({v.fingerprint for v in (flip, r90, r180, source)}) == 4


def test_avenue_keeps_the_size_and_repeats_its_crops():
    source = video("a", [0] * 40 + [1, 1], shape=(20, 30))
    made, again = (copies([source], recipe="rahmani_compat", like="avenue") for _ in range(2))
    assert len(made) == 8 and {frame.shape for v in made for frame in v.frames} == {(20, 30)}
    for one, other in zip(made, again, strict=True):
        np.testing.assert_array_equal(list(one.frames), list(other.frames))
    shift = next(v for v in made if v.id == "a~shift")
    np.testing.assert_array_equal(shift.frames[0][15:, 15:], source.frames[40][:-15, :-15])
    assert not shift.frames[0][:15].any()


def test_the_source_is_read_in_order_and_no_further_than_needed():
    source = video("a", [0, 1, 1, 0, 0, 0, 0, 0])
    made = copies([source], recipe="rahmani_compat")
    for one in made:
        source.frames.read = 0
        assert len(list(one.frames)) == len(one.frames)
        assert source.frames.read <= max(one.metadata["frames"]) + 2


def test_an_unknown_recipe_is_named():
    with pytest.raises(UserError, match="Did you mean 'rahmani_compat'"):
        copies([], recipe="rahmani_compt")
