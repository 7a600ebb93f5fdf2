"""What the launcher asks of Ray, by a stand-in for its functions; tests/fleet has real clusters."""

import functools
import sys
import types

import pytest

from vadjax.launchers.ray import RayLauncher
from vadjax.runtime.console import Console


class Gone(Exception):
    """Stands for `ray.exceptions.RayError`."""


@pytest.fixture
def ray(monkeypatch):
    """Ray with two live nodes and a dead one, whose tasks are done at once, the last one first."""
    asked = []

    def remote(**options):
        asked.append(options)

        def wrap(work):
            return types.SimpleNamespace(remote=lambda *job: functools.partial(work, *job))

        return wrap

    fake = types.SimpleNamespace(
        asked=asked,
        resources={"CPU": 12},
        is_initialized=lambda: True,
        cluster_resources=lambda: fake.resources,
        nodes=lambda: [
            {"Alive": True, "Resources": {"CPU": 8}},
            {"Alive": True, "Resources": {"CPU": 4}},
            {"Alive": False, "Resources": {"CPU": 1}},
        ],
        remote=remote,
        wait=lambda futures: (futures[-1:], futures[:-1]),
        get=lambda future: future(),
        exceptions=types.SimpleNamespace(RayError=Gone),
    )
    monkeypatch.setitem(sys.modules, "ray", fake)
    return fake


def test_each_job_ends_with_what_it_returns_or_with_its_error(ray):
    def work(number, text):
        if number == 1:
            raise Gone("the node was lost")
        return text * number

    launcher, ended = RayLauncher(retries=5), []
    assert launcher.start(Console(quiet=True)) == 2
    launcher.run(work, [(n, "ab") for n in range(3)], on_done=lambda *each: ended.append(each))
    assert [number for number, _ in ended] == [2, 1, 0]
    assert ended[0][1] == "abab" and ended[2][1] == "" and isinstance(ended[1][1], Gone)
    assert ray.asked == [{"max_retries": 5, "scheduling_strategy": "SPREAD", "num_cpus": 4}]


def test_a_worker_has_a_card_where_there_are_cards(ray):
    ray.resources = {"CPU": 12, "GPU": 3}
    launcher = RayLauncher()
    assert launcher.start(Console(quiet=True)) == 3
    launcher.run(lambda: None, [()])
    assert ray.asked[0]["num_gpus"] == 1 and ray.asked[0]["max_retries"] == 3


def test_an_error_of_our_own_is_not_hidden(ray):
    def work():
        raise ZeroDivisionError

    launcher = RayLauncher()
    launcher.start(Console(quiet=True))
    with pytest.raises(ZeroDivisionError):
        launcher.run(work, [()])
