"""Modules are copied as they are, but for imports that scoring does not need."""

import pytest

from vadjax.exporting.copied_code import closure, rewritten, write_code

TEXT = '''"""A module."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from vadjax.data.clip import Clip
from vadjax.errors import UserError, unknown
from vadjax.features.scene import foreground, rows as kept

Names = Sequence[str]  # read when the module runs


@dataclasses.dataclass
class Held:
    clip: Clip


def first(clip: Clip, *, at: np.ndarray) -> "Held | UserError":
    """Say vadjax."""
    from vadjax.training import fit

    return fit(unknown("vadjax", clip, kept))
'''
COPY = '''"""A module."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


from scorer.errors import UserError, unknown
from scorer.features.scene import foreground, rows as kept

Names = Sequence[str]  # read when the module runs


@dataclasses.dataclass
class Held:
    clip: Clip


def first(clip: Clip, *, at: np.ndarray) -> "Held | UserError":
    """Say vadjax."""
    from scorer.training import fit

    return fit(unknown("vadjax", clip, kept))
'''


def test_imports_are_renamed_and_those_of_annotations_left_out():
    text, needed = rewritten(TEXT, "scorer")
    assert text == COPY
    assert sorted(set(needed)) == [
        "vadjax.errors",
        "vadjax.features.scene.foreground",
        "vadjax.features.scene.rows",
    ]


def test_packages_that_hold_a_module_are_empty_unless_they_are_imported():
    texts = closure(["vadjax.detectors.scene.follower"], "scorer")
    assert "def made(" in texts["vadjax.detectors.scene.cues"]
    assert texts["vadjax.detectors"] == texts["vadjax"] == '"""A part of scorer."""\n'
    assert not [name for name in texts if "training" in name or "backbones.backbone" in name]


def test_code_that_needs_jax_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"cannot be imported alone:\n(?s:.*)jax"):
        write_code(["vadjax.features.scene.looks"], tmp_path / "scorer")
    write_code(["vadjax.features.scene.embedder"], tmp_path / "scorer")
