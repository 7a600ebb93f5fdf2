"""What a camera shows is compared with what was learnt, and short disturbances are nothing."""

import numpy as np

from vadjax.detectors.scene.condition import Condition
from vadjax.features.scene.meter import CHANNELS


def cells(share=0.05, still=0.0, light=1.0, part=1.0):
    found = np.zeros((6, 10, len(CHANNELS)), np.float32)
    found[..., CHANNELS.index("share")] = share
    found[: round(6 * part), :, CHANNELS.index("still_s")] = still
    found[..., CHANNELS.index("light")] = light
    return found


def watch(frames, counts=None, fps=10.0):
    condition, said = Condition(counts, fps), []
    for values in frames:
        condition.update(values)
        said.append(condition.sentence)
    return said


def test_another_scene_is_said_after_five_seconds_and_is_over_five_after_it_has_gone():
    said = watch([cells()] * 20 + [cells(share=0.6, light=0.2)] * 100 + [cells()] * 100)
    first = next(number for number, text in enumerate(said) if text)
    last = max(number for number, text in enumerate(said) if text)
    assert abs(first - (20 + 49)) <= 1 and abs(last - (120 + 48)) <= 1
    assert "60%" in said[100] and "it is dark" in said[100]


def test_a_crowd_for_a_moment_is_nothing():
    assert not any(watch(([cells(share=0.6)] * 30 + [cells()]) * 10))


def test_what_stands_for_a_minute_is_said_unless_it_stood_in_training():
    moved = [cells(still=10.0, part=0.5)] * 700
    said = watch(moved)
    assert not said[590] and "50% of the picture" in said[-1] and "do not move" in said[-1]
    assert not any(watch([cells(still=10.0, part=1 / 60)] * 700))
