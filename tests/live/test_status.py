"""What the page reads of a watch: an hour of scores, and counters."""

import numpy as np

from vadjax.live.status import Latest, Status


def test_the_ring_has_the_highest_score_of_each_second_of_the_last_hour():
    status = Status(["door"])
    rng = np.random.default_rng(0)
    times = 1000 + np.arange(0, 4000, 0.25)
    scores = rng.random(len(times)).tolist()
    for at, score in zip(times.tolist(), scores, strict=True):
        status.scored("door", at, score, 0.9)
    points = status.scores("door")
    slow = [(float(1000 + s), max(scores[4 * s : 4 * s + 4]), 0.9) for s in range(400, 4000)]
    assert points == slow
    assert status.scores("door", after=4990.0) == slow[-9:]


def test_percentiles_counters_and_the_last_picture():
    status = Status(["door", "yard"])
    for number in range(1, 101):
        status.scored("door", number, None, None, latency_s=number / 1000, size=(360, 240))
    status.count("door", dropped=3, reconnects=1)
    status.set_state("door", "learning", "a third", learnt=1 / 3)
    status.show("door", Latest(b"jpeg", 1.0, None, None))
    health = status.health("door")
    assert (health.frames, health.dropped, health.reconnects) == (100, 3, 1)
    assert (health.state, health.learnt, health.size) == ("learning", 1 / 3, (360, 240))
    assert abs(health.latency_p50_s - 0.0505) < 1e-9 and abs(health.latency_p99_s - 0.09901) < 1e-9
    assert health.memory_bytes > 1 << 20 and health.fps == 100
    assert status.latest("door").jpeg == b"jpeg" and status.latest("yard") is None
    assert status.scores("door") == [] and status.sources == ["door", "yard"]
    assert status.health("yard").latency_p50_s is None
