"""Imports go one way, down the layers, and no module imports itself through others."""

import ast
import pathlib
from collections.abc import Mapping, Sequence

import pytest

ROOT = pathlib.Path(__file__).parents[1] / "vadjax"
# From the lowest to the highest. A folder imports itself and what lies in lower layers, so that
# folders of one layer know nothing of one another. Imports inside functions count.
LAYERS = (
    {"errors"},
    {"runtime"},
    {"data", "backbones", "models", "launchers"},
    {"storage", "objects"},
    {"features", "training", "scoring", "evaluation", "explain"},
    {"detectors", "pseudo"},
    {"report"},
    {"config"},
    {"comparison"},
    {"pipeline"},
    {"sweeps", "fleet", "live", "exporting", "api"},
    {"cli"},
    {"main", "detect", "watch", "review", "export"}
    | {"tune", "robustness", "transfer", "sweep", "compare"},
    {"commands"},
    {"__main__"},
)
# The same for a folder that has layers of its own: its folders and modules; "" is its __init__.py.
INSIDE = {
    "data": (
        {"deviation", "text", "arrays", "recognized"},
        {"paths"},
        {"frames"},
        {"images"},
        {"decoding", "labels"},
        {"video", "scored_video"},
        {"splits", "indexing", "class_ids"},
        {"clip", "builders"},
        {"leakage", "synthetic"},
        {""},
        {"tfds"},
    ),
}
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


def misplaced(
    graph: Mapping[str, set[str]], layers: Sequence[set[str]], *, inside: str = ""
) -> list[str]:
    """Return what is in no layer, and the imports that do not go down.

    Args:
      graph: modules that each module imports, by dotted name below vadjax.
      layers: parts, from the lowest layer to the highest.
      inside: folder whose parts they are; empty for vadjax itself.

    Returns:
      A line each.
    """
    start = f"{inside}." if inside else ""
    level = {part: number for number, layer in enumerate(layers) for part in layer}

    def part_of(module: str) -> str | None:
        if module == inside:
            return ""
        return module.removeprefix(start).split(".")[0] if module.startswith(start) else None

    wrong = []
    for module, others in graph.items():
        part = part_of(module)
        if part is None or not module:
            continue  # the public names of vadjax/__init__.py lie above everything
        if part not in level:
            wrong.append(f"{module} is in no layer: name it here and in docs/architecture.md")
            continue
        for other in others:
            to = part_of(other)
            if to is not None and to != part and level.get(to, len(layers)) >= level[part]:
                wrong.append(f"vadjax.{module} imports vadjax.{other}")
    return wrong


@pytest.mark.parametrize("inside", ["", *INSIDE])
def test_imports_go_down_the_layers(inside):
    assert not misplaced(GRAPH, INSIDE[inside] if inside else LAYERS, inside=inside)


def test_the_check_sees_what_goes_up():
    layers = ({"low"}, {"left", "right"}, {""})
    graph = {"a.low.x": {"a.low.y", "a.left"}, "a.left": {"a.low", "a.right", "b"}, "a": {"a.left"}}
    assert misplaced(graph, layers, inside="a") == [
        "vadjax.a.low.x imports vadjax.a.left",
        "vadjax.a.left imports vadjax.a.right",
    ]
    assert misplaced({"a.new": set()}, layers, inside="a")
    assert misplaced({"low": {"left"}, "left": {"low"}, "": {"new"}}, layers) == [
        "vadjax.low imports vadjax.left"
    ]


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
