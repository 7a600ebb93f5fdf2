"""The Transformer against sums written from its definition, and what it promises."""

import jax
import numpy as np
import pytest

from tests.models import build
from tests.models import test_models as every_model
from vadjax.models.transformer import num_heads, positions


def made(**kwargs):
    model = build.model("transformer", **kwargs)
    x = build.windows(model)
    return build.jit(model.apply), build.variables(model, x), x


def _dense(p, x):
    return x @ p["kernel"] + p.get("bias", 0)


def _norm(p, x):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return scaled * p["scale"] + p["bias"]


def _attend(p, rows, *, heads, causal):
    """Attention of one example [t, width], row by row and head by head."""
    query, key, value = np.split(_dense(p, rows), 3, axis=-1)
    out, size = np.zeros_like(rows), rows.shape[1] // heads
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        for t in range(len(rows)):
            end = t + 1 if causal else len(rows)
            weight = np.exp([query[t, own] @ key[s, own] / size**0.5 for s in range(end)])
            out[t, own] = weight @ value[:end, own] / weight.sum()
    return out


@pytest.mark.parametrize("task,both", [("predict", False), ("predict", True), ("classify", False)])
def test_it_is_the_sum_of_its_definition(task, both):
    apply, variables, x = made(units=(64, 3), bidirectional=both, task=task)
    got, p = apply(variables, x)[0], jax.tree.map(np.float64, variables["params"])
    hidden = []
    for window in x.astype(np.float64):
        rows = _dense(p["embedding"], window[:-1] if task == "predict" else window)
        for t in range(len(rows)):
            for i in range(0, 64, 2):
                angle = t / 10000 ** (i / 64)
                rows[t, i : i + 2] += np.sin(angle), np.cos(angle)
        for i, heads in enumerate((2, 1)):
            block = p[f"block_{i}"]
            rows = _dense(p["resize_1"], rows) if i else rows
            normed = _norm(block["attention_norm"], rows)
            seen = _attend(block["query_key_value"], normed, heads=heads, causal=not both)
            rows = rows + _dense(block["attention_output"], seen)
            inner = np.maximum(_dense(block["inner"], _norm(block["dense_norm"], rows)), 0)
            rows = rows + _dense(block["outer"], inner)
        hidden.append(_norm(p["norm"], rows))
    outputs = _dense(p["head"]["output"], np.array(hidden))
    outputs = outputs if task == "predict" and not both else outputs[:, -1:]
    np.testing.assert_allclose(got["hidden"], hidden, atol=1e-4)
    np.testing.assert_allclose(got["output"], outputs, atol=1e-4)


@pytest.mark.parametrize("task", ["predict", "classify"])
def test_a_later_row_changes_no_earlier_output(task):
    apply, variables, x = made(units=(64, 3), task=task)
    before, after = (apply(variables, rows)[0] for rows in (x, build.changed(x, 2, 1.0)))
    np.testing.assert_array_equal(before["hidden"][:, :2], after["hidden"][:, :2])
    assert (np.abs(before["hidden"] - after["hidden"])[:, 2:] > 0).any((0, 2)).all()


@pytest.mark.parametrize("both", [False, True])
def test_a_prediction_never_sees_its_target(both):
    apply, variables, x = made(bidirectional=both)
    output = apply(variables, x)[0]["output"]
    assert output.shape == (build.BATCH, 1 if both else build.STEPS - 1, build.FEATURES)
    np.testing.assert_array_equal(output, apply(variables, build.changed(x, -1, 9.0))[0]["output"])


def test_in_both_directions_earlier_rows_see_later_ones():
    apply, variables, x = made(bidirectional=True)
    before, after = (apply(variables, rows)[0]["hidden"] for rows in (x, build.changed(x, 3, 1.0)))
    assert (np.abs(before - after) > 0).any((0, 2)).all()


def test_rows_in_another_order_have_another_prediction():
    """Attention alone would not know the order of the rows before the last that it reads."""
    apply, variables, x = made()
    swapped = x[:, [1, 0, 2, 3, 4]]
    last, other = (apply(variables, rows)[0]["output"][:, -1] for rows in (x, swapped))
    assert np.abs(last - other).max() > 1e-3


@pytest.mark.parametrize("task,both", [("predict", False), ("classify", True)])
def test_dropout_does_not_depend_on_the_split_of_a_batch(task, both):
    every_model.test_dropout_does_not_depend_on_the_split_of_a_batch("transformer", both, task)


def test_bfloat16_is_close():
    every_model.test_bfloat16_is_close_and_float32_is_the_default("transformer", False, "predict")


def test_heads_follow_from_the_width():
    assert [num_heads(width) for width in (3, 32, 48, 64, 256)] == [1, 1, 1, 2, 8]


def test_positions_differ_and_take_an_odd_width():
    rows = positions(64, 5)
    assert rows.shape == (64, 5) and len(np.unique(rows.round(4), axis=0)) == 64
