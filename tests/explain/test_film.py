"""The annotated film: what it shows."""

import numpy as np
import pytest

from vadjax.explain import film

SCORES = np.array([0.1, 0.2, 0.9, 1.5, 0.3, 0.2], np.float32)
LABELS = np.array([0, 0, 1, 1, 0, 0], np.uint8)


def made(shape=(60, 80), **changes) -> list[np.ndarray]:
    frames = np.full((len(SCORES), *shape), 100, np.uint8)
    settings = {
        "labels": LABELS,
        "threshold": 0.8,
        "edges": np.arange(7) / 10,
        "scale": (0.0, 2.0),
        **changes,
    }
    return list(film.annotate(frames, SCORES, **settings))


def has(image: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((image == colour).all(2).any())


def words(image: np.ndarray) -> np.ndarray:
    height = film.WORDS + film.GAUGE + film.CURVE
    return image[-height : -height + film.WORDS]


@pytest.mark.parametrize(
    ("shape", "size"),
    [((60, 80), (320, 240)), ((240, 360), (360, 240)), ((1080, 1920, 3), (480, 270))],
)
def test_sizes_are_even_and_bounded(shape, size):
    image = made(shape)[0]
    assert image.shape == (size[1] + film.WORDS + film.GAUGE + film.CURVE, size[0], 3)
    assert not any(n % 2 for n in image.shape[:2])


def test_alarm_and_truth_are_said_in_words():
    images = made()
    assert [has(words(image), film.ACCENT) for image in images] == (SCORES >= 0.8).tolist()
    plain = made(labels=np.zeros(6, np.uint8))
    told = [not np.array_equal(words(a), words(b)) for a, b in zip(images, plain, strict=True)]
    assert told == (LABELS == 1).tolist()


def test_the_bar_is_as_long_as_the_score():
    for image, score in zip(made(threshold=None), SCORES, strict=True):
        bar = image[-(film.GAUGE // 2) - film.CURVE]
        assert (bar == film.SOFT).all(1).sum() == round(320 * score / 2)


def test_the_truth_is_hatched_and_the_cursor_moves():
    first, last = (image[-film.CURVE :] for image in (made()[0], made()[-1]))
    assert has(first[:, 320 * 2 // 6 + 2 : 320 * 4 // 6 - 2], film.HATCH)
    assert not has(first[:, 60:90], film.HATCH)
    ink = [(part == film.INK).all(2).sum(0) for part in (first, last)]
    assert [int(np.argmax(columns)) // 53 for columns in ink] == [0, 5]


def test_maps_and_masks_are_drawn_where_they_are():
    heat, mask = np.zeros((6, 60, 80), np.float32), np.zeros((6, 60, 80), np.uint8)
    heat[2, 10:30, 10:30] = 1
    mask[3, 30:50, 40:70] = 1
    changed = [bool((image[:240] != 100).any()) for image in made(heats=heat, masks=mask)]
    assert changed == [False, False, True, True, False, False]


def test_scores_of_one_value_and_a_video_of_one_frame():
    one = film.annotate(np.zeros((1, 60, 80), np.uint8), np.ones(1), scale=(1.0, 1.0))
    assert len(list(one)) == 1
