"""environment.json names versions, and a commit only where it is vadjax's own."""

import os
import subprocess

import pytest

import vadjax
from vadjax.storage.environment import commit, environment


def git(folder, *arguments):
    settings = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    plain = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-C", str(folder), *settings, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=plain)
    return done.stdout.strip()


def repository(root, *, project="vadjax"):
    """Make a repository of one commit with a package, and a pyproject that names a project."""
    (root / "vadjax").mkdir(parents=True)
    (root / "vadjax" / "__init__.py").write_text("")
    (root / "pyproject.toml").write_text(f'[project]\nname = "{project}"\n')
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return git(root, "rev-parse", "HEAD")


def test_versions_machine_and_devices():
    found = environment({"backend": "cpu"})
    assert found["backend"] == "cpu" and "jax" in found["versions"] and found["processor"]
    assert found["versions"]["vadjax"] == vadjax.__version__


def test_the_commit_is_that_of_the_own_repository(tmp_path, monkeypatch):
    head = repository(tmp_path / "own")
    other = repository(tmp_path / "other", project="other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))  # as hooks of git set it
    assert commit(tmp_path / "own" / "vadjax") == head != other


def test_changed_files_of_the_package_are_said(tmp_path):
    head = repository(tmp_path)
    (tmp_path / "notes.txt").write_text("outside of the package")
    assert commit(tmp_path / "vadjax") == head
    (tmp_path / "vadjax" / "new.py").write_text("")
    assert commit(tmp_path / "vadjax") == f"{head}-modified"


@pytest.mark.parametrize("below", ["", "venv/lib/python3.11/site-packages", "vendor/vadjax-src"])
def test_the_commit_of_a_repository_around_the_package_is_not_taken(tmp_path, below):
    """A virtual environment, or a copy of vadjax, within the repository of another project."""
    repository(tmp_path / "project", project="other")
    package = tmp_path / "project" / below / "vadjax"
    package.mkdir(parents=True, exist_ok=True)
    if below.startswith("vendor"):
        (package.parent / "pyproject.toml").write_text('[project]\nname = "vadjax"\n')
    assert commit(package) is None


def test_a_repository_without_a_commit_and_a_damaged_project_have_none(tmp_path):
    (tmp_path / "vadjax").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "vadjax"\n')
    git(tmp_path, "init", "-q")
    assert commit(tmp_path / "vadjax") is None
    for text in ("[project", "project = 1", "x = 1"):
        (tmp_path / "pyproject.toml").write_text(text)
        assert commit(tmp_path / "vadjax") is None
