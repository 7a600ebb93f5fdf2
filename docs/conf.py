"""Sphinx: the site that `make docs` builds from README.md, docs/ and the docstrings.

The source folder is the root of the repository, so that a relative link means the same file on the
site and in a checkout.
"""

import os
import re

from vadjax import __version__

# They define flags when they are imported, and docs/commands.md has them.
COMMANDS = (
    *("main.py", "detect.py", "sweep.py", "compare.py", "tune.py", "robustness.py", "transfer.py"),
    *("watch.py", "review.py", "export.py"),
    *("__main__.py", "commands"),
)

project = "vadjax"
author = "The vadjax authors"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.apidoc", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "experiments/*/*.md"]
exclude_patterns = [".*", "build", "runs", "**/__pycache__"]

myst_heading_anchors = 4
suppress_warnings = [
    "toc.not_included",  # README, and tables that a page links to
    "ref.python",  # an ordinary word that is the name of two attributes
]

# Read by sphinx.ext.apidoc when it is loaded; `automodule_options` does not reach packages.
os.environ["SPHINX_APIDOC_OPTIONS"] = "members,show-inheritance,ignore-module-all"
apidoc_modules = [
    {
        "path": "../vadjax",
        "destination": "docs/api",
        "exclude_patterns": [f"../vadjax/{name}" for name in COMMANDS],
        "module_first": True,
    }
]
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "vadjax"
html_copy_source = False


def _process_docstring(app, what, name, obj, options, lines: list[str]) -> None:
    """Turn a docstring, which is plain text with `code`, into reStructuredText.

    Code gets two backticks; a line break inside it moves behind it. Elsewhere the signs that
    reStructuredText would read as markup are escaped, but for doctests and argument names. Two
    arguments that are described together, "low, high: ...", become one name without a space.
    """
    parts = re.split("`+", "\n".join(lines))
    for number, part in enumerate(parts):
        if number % 2:
            code, line_break, rest = re.match(r"([^\n]*)(\n\s*)?(.*)", part, re.S).groups()
            code, after = (f"{code} {rest}", line_break) if line_break else (code, "")
            parts[number] = rf"\ ``{code}``\ {after}"
        else:
            parts[number] = re.sub(r"(?<!^)(?<!\n)(\*|\||_(?!\w))", r"\\\1", part)
    names = re.compile(r"^\s+\w+(, \w+)+:")
    lines[:] = [
        names.sub(lambda match: match[0].replace(", ", ","), line)
        for line in "".join(parts).split("\n")
    ]


def setup(app) -> None:
    """Run the conversion before napoleon reads the sections (its priority is 500)."""
    app.connect("autodoc-process-docstring", _process_docstring, priority=400)
