"""The house stands: data flows one way, lower floors never import higher ones."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1] / "vadjax"
GROUND = {"data", "backbones", "models", "storage", "report"}
MIDDLE = {"features", "training", "scoring", "evaluation", "explain"}
TOP = {"sweeps"}  # beside the modules that wire the floors together: may import all
EVERYWHERE = {"errors", "devices"}  # devices.py says whose turn it is to compute


def imported(path: pathlib.Path) -> set[str]:
    """Return the parts of vadjax (folders or top modules) that a file imports."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            parts |= {a.name.split(".")[1] for a in node.names if a.name.startswith("vadjax.")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "vadjax":
            names = node.module.split(".")[1:2] or [a.name for a in node.names]
            parts |= set(names)
    return parts


FILES = sorted(p for p in ROOT.rglob("*.py") if p.parent != ROOT and p.parent.name not in TOP)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_down_the_house(path):
    folder = path.relative_to(ROOT).parts[0]
    assert folder in GROUND | MIDDLE, f"{folder} stands on no floor: name it here and in DESIGN"
    allowed = {folder} | EVERYWHERE | (GROUND if folder in MIDDLE else set())
    assert imported(path) <= allowed


def test_the_check_sees_imports(tmp_path):
    file = tmp_path / "x.py"
    file.write_text(
        "def f():\n    from vadjax.training import fit\n    import vadjax.report.page\n"
    )
    assert imported(file) == {"training", "report"}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text())), "a module needs a docstring"
