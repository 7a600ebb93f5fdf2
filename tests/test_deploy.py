"""The files of deploy/ name flags and files that exist; they are run by nobody here."""

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[1]
FILES = sorted((ROOT / "deploy").iterdir())
FLAGS = re.findall(r'DEFINE_\w+\(\s*"(\w+)"', (ROOT / "vadjax" / "watch.py").read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_flags_of_the_watch_exist(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines)
    if "watch" in text and path.name != "Dockerfile":
        used = re.findall(r"(?:^|\s)(?:- )?--(\w+)=", text)
        assert used and set(used) <= set(FLAGS)


def test_the_image_copies_what_is_there():
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE):
        for name in line.split():
            assert (ROOT / name).exists(), name
    extras = re.search(r"'\.\[(.*)\]'", text)
    project = (ROOT / "pyproject.toml").read_text()
    assert extras is not None
    assert all(re.search(rf"^{name} = \[", project, re.MULTILINE) for name in extras[1].split(","))


def test_the_services_fit_together():
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    watch = compose["services"]["watch"]
    assert set(watch["depends_on"]) <= set(compose["services"])
    assert set(watch["secrets"]) == set(compose["secrets"])
    sink = next(flag for flag in watch["command"] if flag.startswith("--sink"))
    assert "//broker/" in sink and "broker" in compose["services"]
    assert (ROOT / "deploy" / watch["build"]["dockerfile"].split("/")[-1]).is_file()
