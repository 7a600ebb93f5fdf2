"""README, docs and the other pages name files, keys, flags and commands that exist."""

import ast
import pathlib
import re

import pytest
import yaml

from tests.test_architecture import LAYERS
from vadjax.config import default_config, flatten

ROOT = pathlib.Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("experiments/*/*.md")])
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_links_to_files_that_exist(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", page.read_text(encoding="utf-8"))):
        file, _, _ = target.partition("#")
        if (
            re.match(r"[a-z]+:", file) or not file or file.startswith("api/")
        ):  # built from docstrings
            continue
        assert (page.parent / file).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_configs_and_keys_that_exist(page):
    text = page.read_text(encoding="utf-8")
    known = flatten(default_config().to_dict())
    for key in re.findall(r"--config\.([a-z_]+\.[a-z_]+)=", text):
        assert key in known, key
    if page.stem.startswith("adding_"):
        return  # its configs are examples
    for config in re.findall(r"configs/[\w/]+\.py", text):
        assert (ROOT / config).is_file(), config
    for verb, config in re.findall(r"vadjax (train|sweep) ([a-z]\w+)(?![\w.])", text):
        folder = ROOT / "configs" / ("sweeps" if verb == "sweep" else "")
        assert (folder / f"{config}.py").is_file(), f"vadjax {verb} {config}"


def test_the_first_page_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
    picture = ROOT / "docs/detection.gif"
    assert picture.stat().st_size < 1_000_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_holds_no_emoji(page):
    found = [c for c in page.read_text(encoding="utf-8") if ord(c) >= 0x1F000 or c in "✅❌⚠✨★"]
    assert not found


def test_every_page_of_docs_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        listed = f"\n{page.stem}\n" in index or page.stem.startswith("adding_")
        assert listed or page.stem == "index", f"{page.name} is in no toctree of docs/index.md"


def test_the_architecture_page_names_every_layer():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for part in set().union(*LAYERS) - {"__main__"}:
        assert f"`{part}/`" in text or f"`{part}.py`" in text, part


def test_the_commands_page_holds_the_help_screens():
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    screens = sorted((ROOT / "vadjax/commands").glob("[a-z]*.py"))
    for path in screens:
        if path.stem != "arguments":
            screen = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
            verb = path.stem.replace("_", "-")
            assert f"## vadjax {verb}\n\n```text\n{screen}\n```\n" in text, path.stem


def test_the_workflow_calls_make_targets_that_exist():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {"parity"}
    for job in workflow["jobs"].values():
        targets |= set(job.get("strategy", {}).get("matrix", {}).get("target", ()))
    assert {"lint", "types", "test", "docs"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


FORMS = ("CITATION.cff", ".pre-commit-config.yaml", ".github/ISSUE_TEMPLATE/bug_report.yml")


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_valid_yaml(name):
    assert yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
