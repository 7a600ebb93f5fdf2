"""The config files that come with vadjax, by name: from a checkout or from an installed wheel."""

import ast
import pathlib

from vadjax.errors import UserError, unknown

_PACKAGE = pathlib.Path(__file__).parents[1]


def folder() -> pathlib.Path:
    """Return the folder of the shipped configs: inside an installed package, or beside it."""
    inside, beside = _PACKAGE / "configs", _PACKAGE.parent / "configs"
    if not inside.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    return inside


def names(under: str = "") -> list[str]:
    """Return the names of the shipped configs in a folder below the top, such as "sweeps"."""
    return sorted(path.stem for path in (folder() / under).glob("*.py"))


def summary(name: str, *, under: str = "") -> str:
    """Return the first line of a shipped config's docstring.

    Args:
        name: one of `names`.
        under: the folder of the shipped configs that it is in.

    Returns:
        A sentence; the file is read and not run.
    """
    tree = ast.parse((folder() / under / f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def find(name: str, *, under: str = "") -> pathlib.Path:
    """Return the file of a config.

    Args:
        name: a shipped config such as "ped2_lstm", or the path of a file that ends in .py.
        under: the folder of the shipped configs that is searched.

    Returns:
        A file that exists.

    Raises:
        UserError: there is none of that name.
    """
    path = pathlib.Path(name).expanduser()
    if path.suffix == ".py":
        if not path.is_file():
            near = ", ".join(sorted(str(other) for other in path.parent.glob("*.py")))
            raise UserError(f"config file {path} does not exist; there: {near or 'no .py file'}.")
        return path
    if name not in names(under):
        raise unknown("config", name, names(under))
    return folder() / under / f"{name}.py"
