"""Imports go one way, down the layers, and no module imports itself through others."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1] / "vadjax"
# From the lowest to the highest. A folder imports itself and what lies in lower layers, so that
# folders of one layer know nothing of one another. Imports inside functions count.
LAYERS = (
    {"errors"},
    {"runtime"},
    {"data", "backbones", "models"},
    {"storage"},
    {"features", "training", "scoring", "evaluation", "explain"},
    {"detectors"},
    {"report"},
    {"config"},
    {"comparison"},
    {"pipeline"},
    {"sweeps", "api"},
    {"cli"},
    {"main", "detect", "sweep", "compare"},
    {"commands"},
    {"__main__"},
)
LEVEL = {part: number for number, layer in enumerate(LAYERS) for part in layer}
MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path: pathlib.Path) -> str:
    """Return the dotted name below vadjax; "" is the package itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def imported(text: str, known: set[str] = NAMES) -> set[str]:
    """Return the modules of vadjax that a source text imports, by dotted name below vadjax."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports are not used"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in full if name.removeprefix("vadjax.") in known}
            found |= modules or {node.module}
    return {name.partition(".")[2] for name in found if name.split(".")[0] == "vadjax"}


GRAPH = {name_of(path): imported(path.read_text(encoding="utf-8")) for path in MODULES}


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_imports_go_down_the_layers(module):
    folder = module.split(".")[0]
    if not folder:
        return  # the public names of vadjax/__init__.py lie above everything
    assert folder in LEVEL, f"{folder} is in no layer: name it here and in docs/architecture.md"
    for other in GRAPH[module]:
        part = other.split(".")[0]
        below = part in LEVEL and LEVEL[part] < LEVEL[folder]
        assert part == folder or below, f"vadjax.{module} imports vadjax.{other}"


def test_no_module_imports_itself_through_others():
    left = {module: set(others) - {module} for module, others in GRAPH.items()}
    while free := [module for module, others in left.items() if not others & left.keys()]:
        for module in free:
            del left[module]
    assert not left, f"import circles among {sorted(left)}"


def test_the_check_sees_imports_inside_functions():
    text = "def f():\n    from vadjax.training import fit\n    import vadjax.report.page\n"
    assert imported(text) == {"training.fit", "report.page"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text())), "a module needs a docstring"
