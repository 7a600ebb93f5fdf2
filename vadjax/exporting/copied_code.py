"""Modules of vadjax as they are, in a package that needs numpy and OpenCV alone.

A module is copied with what it imports at its top. Imports inside functions are for training
and are not followed; what is imported for annotations alone is left out, and annotations are not
evaluated. Imports from vadjax become imports from the package; nothing else is changed.
"""

import ast
import pathlib
import subprocess
import sys
from collections.abc import Sequence

from vadjax.storage.files import atomic_write

ROOT = "vadjax"
HERE = pathlib.Path(__file__).parents[1]
ABSENT = ("jax", "jaxlib", "flax", "vadjax", "scipy", "sklearn", "PIL", "av", "rich")


def write_code(entries: Sequence[str], folder: pathlib.Path) -> list[str]:
    """Copy modules and what they import, and import them where jax and vadjax are missing.

    Args:
        entries: names of modules of vadjax.
        folder: of the package, whose name is that of the folder.

    Returns:
        Names of the modules that were copied.

    Raises:
        RuntimeError: a module needs more than numpy and OpenCV.
    """
    texts = closure(entries, folder.name)
    for name, text in texts.items():
        path = folder / _path(name).relative_to(HERE)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as beside:
            beside.write_text(text, encoding="utf-8")
    _try([folder.name + name.removeprefix(ROOT) for name in entries], folder.parent)
    return sorted(texts)


def closure(entries: Sequence[str], package: str) -> dict[str, str]:
    """Return the texts of modules and of all that they import.

    Args:
        entries: names of modules of vadjax.
        package: that they become parts of.

    Returns:
        Name of each module in vadjax -> its text. Packages that hold one and whose own text is not
        needed have a line alone.
    """
    texts: dict[str, str] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if name in texts:
            continue
        texts[name], needed = rewritten(_path(name).read_text(encoding="utf-8"), package)
        waiting += needed
    for name in list(texts):
        parts = name.split(".")
        for end in range(1, len(parts)):
            texts.setdefault(".".join(parts[:end]), f'"""A part of {package}."""\n')
    return texts


def rewritten(text: str, package: str) -> tuple[str, list[str]]:
    """Return the text of a module of the package, and the modules of vadjax that it needs.

    Args:
        text: of a module of vadjax.
        package: that it becomes a part of.

    Returns:
        Text, and names in vadjax.
    """
    tree, lines, needed = ast.parse(text), text.splitlines(keepends=True), []
    run, annotated = _used(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in tree.body and _of_vadjax(node):
            lines[node.lineno - 1] = lines[node.lineno - 1].replace(ROOT, package, 1)
    for node in reversed(tree.body):  # from the end, so that the numbers of lines stay right
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        kept = [a for a in node.names if _bound(a) in run or _bound(a) not in annotated]
        given = ast.Import(kept) if isinstance(node, ast.Import) else _renamed(node, kept, package)
        new = [ast.unparse(given) + "\n"] if kept else []
        lines[node.lineno - 1 : node.end_lineno] = new
        if isinstance(node, ast.ImportFrom) and _of_vadjax(node):
            needed += [_module(node.module or "", alias.name) for alias in kept]
    after = 1 if ast.get_docstring(tree) is not None else 0
    start = tree.body[0].end_lineno or 0 if after else 0
    lines.insert(start, "\nfrom __future__ import annotations\n")
    return "".join(lines), needed


def _used(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names that are read when the module runs, and those that annotations read."""
    notes = [
        note
        for node in ast.walk(tree)
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(note, ast.expr)
    ]
    inside = {id(name) for note in notes for name in ast.walk(note)}
    run, annotated = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (annotated if id(node) in inside else run).add(node.id)
    return run, annotated


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _renamed(node: ast.ImportFrom, kept: list[ast.alias], package: str) -> ast.ImportFrom:
    module = node.module or ""
    if _of_vadjax(node):
        module = package + module.removeprefix(ROOT)
    return ast.ImportFrom(module, kept, 0)


def _of_vadjax(node: ast.ImportFrom) -> bool:
    return (node.module or "").split(".")[0] == ROOT


def _module(module: str, name: str) -> str:
    """Return the module of vadjax that `from module import name` needs."""
    inner = f"{module}.{name}"
    return inner if _path(inner).exists() else module


def _path(name: str) -> pathlib.Path:
    place = HERE.joinpath(*name.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _try(names: Sequence[str], folder: pathlib.Path) -> None:
    code = (
        f"import sys, importlib; sys.modules.update(dict.fromkeys({ABSENT!r})); "
        f"sys.path.insert(0, {str(folder)!r}); [importlib.import_module(n) for n in {names!r}]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the copied modules cannot be imported alone:\n{done.stderr}")
