"""Every public function of two parameters or more documents them, what it returns and raises."""

import ast
import pathlib
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).parents[1] / "vadjax"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Yield public functions of a module and public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield inner


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, those of functions inside it left out."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*Function.__args__, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def faults(function: Function) -> list[str]:
    """Return what a function's docstring lacks."""
    given = function.args
    names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    names = [name for name in names if name not in ("self", "cls") and not name.startswith("_")]
    if len(names) < 2:
        return []
    text = ast.get_docstring(function) or ""
    found = []
    _, _, listed = text.partition("Args:")
    if not listed:
        found.append("Args")
    else:
        found += [f"Args: {name}" for name in names if name not in listed]
    returns = function.returns
    gives = not (isinstance(returns, ast.Constant) and returns.value is None)
    if gives and "Returns:" not in text and "Yields:" not in text:
        found.append("Returns")
    if any(isinstance(n, ast.Raise) and n.exc for n in own_nodes(function)) and (
        "Raises:" not in text
    ):
        found.append("Raises")
    return found


def all_faults(path: pathlib.Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name} lacks {', '.join(lacks)}"
        for function in public_functions(tree)
        if (lacks := faults(function))
    ]


@pytest.mark.parametrize("folder", [*sorted(p.name for p in ROOT.iterdir() if p.is_dir()), "."])
def test_public_functions_are_documented(folder):
    paths = ROOT.glob("*.py") if folder == "." else (ROOT / folder).rglob("*.py")
    found = [fault for path in sorted(paths) for fault in all_faults(path)]
    assert not found, "\n".join(found)


def test_the_check_sees_what_lacks():
    text = 'def f(a, b) -> int:\n    """F.\n\n    Args:\n        a: one.\n    """\n    raise X\n'
    (function,) = public_functions(ast.parse(text))
    assert faults(function) == ["Args: b", "Returns", "Raises"]
