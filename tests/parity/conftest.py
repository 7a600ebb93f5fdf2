"""timm imports torchvision, which not every machine with torch has; and the table of errors."""

import os
import pathlib

from tools.torchvision_stand_in import install

install()

HEAD = """# Parity

`make parity-full` writes this table: largest difference from the peer (timm, PyTorch on CPU,
float32) over all taps and outputs, relative to the largest value of the worst one, under random
weights and batch-norm statistics. The bound is 1e-4. What is compared is the folded network in the
formulations that a CPU takes. maxvit_base_tf_224 is not compared: under random statistics its
values grow until float32 itself is off by more than the bound, timm's 5e-4 from its own float64
result and ours 1e-3 to 5e-3; both in float64 agree to 8e-12.

| backbone | input | worst output | relative error |
|---|---|---|---|
"""

HALF = """
## bfloat16

Pooled features in bfloat16 (parameters and computation) against float32, relative in the
Euclidean norm, under the same random weights, at the second size of each family.

| backbone | relative difference |
|---|---|
"""


def pytest_terminal_summary(terminalreporter):
    """Write the errors as a Markdown table where VADJAX_PARITY_TABLE says so."""
    path = os.environ.get("VADJAX_PARITY_TABLE")
    rows, halves = [], []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            properties = dict(report.user_properties)
            if "error" in properties:
                cells = [properties[key] for key in ("name", "size", "worst", "error")]
                rows.append(f"| {' | '.join(cells)} |")
            if "bfloat16" in properties:
                halves.append(f"| {properties['name']} | {properties['bfloat16']} |")
    if path and rows:
        text = HEAD + "\n".join(rows) + "\n" + HALF + "\n".join(halves) + "\n"
        pathlib.Path(path).write_text(text)
