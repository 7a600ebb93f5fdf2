"""What is blurred cannot be told any more, and the rest is as it was."""

import cv2
import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.live.blur import Blur, blur_of, blurred

RNG = np.random.default_rng(0)
BACKGROUND = cv2.resize(RNG.integers(60, 200, (12, 16, 3), np.uint8), (160, 120))


def with_body(x):
    """A striped body of 20 x 50 pixels before the background."""
    frame = BACKGROUND.copy()
    frame[40:90, x : x + 20] = np.where(np.arange(50)[:, None, None] % 4 < 2, 0, 255)
    return frame


def stripes(part) -> float:
    """How strong the stripes are that tell the body."""
    return float(np.abs(np.diff(part.astype(float), axis=0)).mean())


def test_what_is_coarse():
    frame, where = with_body(70), np.zeros((120, 160), bool)
    where[30:100, 60:100] = True
    found = blurred(frame, where)
    assert (found[~where] == frame[~where]).all() and (frame == with_body(70)).all()
    assert stripes(found[40:90, 70:90]) < 0.1 * stripes(frame[40:90, 70:90])


@pytest.mark.parametrize("grey", [False, True])
def test_all_that_moves(grey):
    blur = Blur("all-moving")
    first = with_body(5)[..., 0] if grey else with_body(5)
    assert stripes(blur(first)[40:90, 5:25]) < 0.2 * stripes(first[40:90, 5:25])
    for _ in range(80):
        blur(BACKGROUND[..., 0] if grey else BACKGROUND)
    for x in range(20, 100, 4):
        frame = with_body(x)[..., 0] if grey else with_body(x)
        found = blur(frame)
        assert stripes(found[40:90, x : x + 20]) < 0.2 * stripes(frame[40:90, x : x + 20])
        assert (found[:, 130:] == frame[:, 130:]).all()


def test_people_and_faces():
    frame = with_body(70)
    people, faces = (Blur(mode, lambda f: [(70, 40, 90, 90)]) for mode in ("people", "faces"))
    found = people(frame)
    assert stripes(found[40:90, 70:90]) < 0.1 * stripes(frame[40:90, 70:90])
    head = faces(frame)
    assert stripes(head[40:54, 70:90]) < 0.2 * stripes(frame[40:54, 70:90])
    assert (head[56:] == frame[56:]).all()


def test_a_person_that_is_missed_for_some_frames_stays_blurred():
    boxes = [[(70, 40, 90, 90)], [], [], []]
    blur = Blur("people", lambda frame: boxes.pop(0))
    frame = with_body(70)
    for _ in range(4):
        assert stripes(blur(frame)[40:90, 70:90]) < 0.1 * stripes(frame[40:90, 70:90])


def test_nothing_and_mistakes(tmp_path):
    frame = with_body(0)
    assert Blur("")(frame) is frame
    with pytest.raises(UserError, match="blur 'persons' unknown"):
        Blur("persons")
    with pytest.raises(UserError, match="--blur_weights"):
        blur_of("faces", None)


def test_people_of_a_photograph(real_data):
    photos = sorted((real_data / "data" / "photos").glob("*.jp*g"))
    weights = real_data / "weights" / "nanodet_g.safetensors"
    if not photos or not weights.exists():
        pytest.skip("no photographs or no weights of NanoDet-g here")
    changed = []
    for path in photos[:4]:
        frame = cv2.imread(str(path))[..., ::-1]
        changed.append(float((blur_of("people", weights)()(frame) != frame).any(-1).mean()))
    assert max(changed) > 0.01  # there are people in at least one of them
