"""requirements.lock and the lower bounds belong to pyproject.toml as it is."""

import pathlib
import re

from packaging.requirements import Requirement
from packaging.version import Version

from tools import requirements

LOCK = pathlib.Path(__file__).parents[2] / "requirements.lock"


def name_of(text):
    return re.sub(r"[-_.]+", "-", text).lower()


def test_the_lock_has_every_direct_dependency_within_its_bounds():
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)  # no hosts, no paths
    locked = {name_of(name): version for name, version in (line.split("==") for line in lines)}
    for wanted in map(Requirement, requirements.requirements()):
        assert wanted.specifier.contains(locked[name_of(wanted.name)]), wanted


def test_every_dependency_has_a_lower_bound_and_every_runtime_one_an_upper():
    lines = requirements.requirements(())
    assert len(lines) > 20
    for wanted in map(Requirement, lines):
        assert any(each.operator == "<" for each in wanted.specifier), wanted
    for wanted, pin in zip(lines, requirements.lowest(lines), strict=True):
        lowest = pin.partition("==")[2]
        assert Requirement(wanted).specifier.contains(Version(lowest))


def test_lowest_by_hand():
    lines = ["jax>=0.10.2,<1", "torch==2.13.0", "ray[tune]>=2.40"]
    assert requirements.lowest(lines) == ["jax==0.10.2", "torch==2.13.0", "ray==2.40"]
