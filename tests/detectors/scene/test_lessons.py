"""Lessons in files: one in memory at a time, sums as of all at once, nothing left behind."""

import gc
import tracemalloc

import numpy as np
import pytest

from tests.detectors.scene.test_detector import clip, fitted, make, walk
from vadjax.detectors.contract import Progress
from vadjax.detectors.scene.lessons import PREFIX, LessonStore, summed
from vadjax.detectors.scene.traffic import added
from vadjax.runtime.console import Console


def test_a_lesson_comes_back_as_it_was_and_goes_with_its_store(tmp_path):
    store = LessonStore(tmp_path)
    one = {"vectors": np.arange(6, dtype=np.float16).reshape(2, 3), "count": np.array(4)}
    store.keep(("a", 1), {"look": one, "speed": {"counts": np.ones(2, np.int32)}})
    assert ("a", 1) in store and ("b", 1) not in store
    lessons = store.of([("a", 1)] * 3, "look")
    del store
    gc.collect()
    assert len(lessons) == 3 and len(lessons[1:]) == 2  # they hold it
    for name, array in lessons[-1].items():
        assert array.dtype == one[name].dtype
        np.testing.assert_array_equal(array, one[name])
    assert list(tmp_path.glob(f"{PREFIX}*"))
    del lessons
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_sums_are_those_of_all_at_once():
    rng = np.random.default_rng(0)
    lessons = [
        {
            "frames": np.array(int(rng.integers(2**31 - 1))),
            "seconds": np.array(float(rng.random())),
            "seen": rng.integers(2**30, 2**31 - 1, (3, 4)).astype(np.int32),
            "velocity": rng.normal(size=(3, 4, 2)).astype(np.float32),
        }
        for _ in range(37)
    ]
    found = added(iter(lessons))
    for name in lessons[0]:
        wanted = np.stack([each[name] for each in lessons]).sum(0)
        assert found[name].dtype == wanted.dtype
        np.testing.assert_array_equal(found[name], wanted)
    counts = [{"counts": each["seen"] // 64} for each in lessons]
    first = counts[0]["counts"].copy()
    total = summed(counts, "counts")
    np.testing.assert_array_equal(total, sum(each["counts"] for each in counts))
    assert total.dtype == np.int32
    np.testing.assert_array_equal(counts[0]["counts"], first)  # no lesson has become the sum
    with pytest.raises(ValueError, match="no lesson"):
        summed([], "counts")


def test_memory_does_not_grow_with_the_clips(tmp_path):
    """A lesson has two arrays of counts of 197 kB: of 24 more clips that would be 9 MB."""
    clips = [clip(f"train/{n}", walk(1.6 + 0.02 * n, number=14)) for n in range(32)]
    peaks = []
    for count in (8, 32):
        detector = make()
        tracemalloc.start()
        detector.fit(clips[:count], (), seed=0, progress=Progress(Console(quiet=True), tmp_path))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1.5e6
    del detector
    gc.collect()
    assert not list(tmp_path.glob(f"{PREFIX}*"))


def test_it_is_said_that_there_are_fewer_clips_than_folds():
    lone, state = fitted([clip("train/0", walk(1.7, number=60))])
    said, few = lone.cautions(state)
    assert (
        few.startswith("learnt from 60 frames, below the 200")
        and said.startswith("calibrated on stretches of 1 clip:")
        and "at least 4 normal" in said
    )
    four, state = fitted([clip(f"train/{n}", walk(1.7, number=20)) for n in range(4)])
    [few] = four.cautions(state)
    assert few.startswith("learnt from 80 frames")
