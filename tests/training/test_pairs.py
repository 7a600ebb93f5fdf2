"""Batches of as many abnormal as normal bags, against a loop, also where tables are padded."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vadjax.training.batches import AXIS, pairs, permutation, steps_of

POSITIVE = np.array([1, 0, 0, 1, 0, 0, 0, 1, 0, 0], bool)


def planned(positive, order, batch_size, **more):
    longer = max(positive.sum(), (~positive).sum())
    table = {"positive": positive, "longer": np.arange(longer), "rows": positive[:, None], **more}
    run = functools.partial(pairs, table, batch_size=batch_size)
    found = jax.vmap(lambda _: run(jnp.asarray(order)), axis_name=AXIS)(jnp.zeros(1))
    assert len(found["index"][0]) == steps_of(table, batch_size)
    return np.asarray(found["index"][0]), np.asarray(found["weight"][0])


@pytest.mark.parametrize("batch_size", [2, 4, 6, 20])
def test_every_bag_of_the_larger_class_comes_once(batch_size):
    order = np.asarray(permutation(jnp.uint32(3), jnp.int32(1), 10))
    index, weight = planned(POSITIVE, order, batch_size)
    rows = [int(i) for i in order]
    sides = [[i for i in rows if POSITIVE[i]], [i for i in rows if not POSITIVE[i]]]
    wanted = [[sides[0][k % 3], sides[1][k % 7]] for k in range(7)]
    real = index.reshape(-1, 2)[weight.reshape(-1, 2)[:, 0] > 0]
    np.testing.assert_array_equal(real, wanted)
    assert weight.sum() == 14 and index.shape[1] == batch_size


def test_padded_tables_give_the_same_batches():
    order = np.asarray(permutation(jnp.uint32(3), jnp.int32(1), 10))
    _, weight = planned(POSITIVE, order, 6)
    count = jnp.int32(10)
    padded = np.asarray(permutation(jnp.uint32(3), jnp.int32(1), 13, count))
    more = {"count": count, "longer": np.arange(9)}  # another member's larger class has nine bags
    longer, weights = planned(np.pad(POSITIVE, (0, 3)), padded, 6, **more)
    flat, real = longer.reshape(-1, 2), weights.reshape(-1, 2)[:, 0] > 0
    assert real.sum() == 7 and weights.sum() == weight.sum()
    assert POSITIVE[flat[real][:, 0]].all() and not POSITIVE[flat[real][:, 1]].any()
    assert sorted(flat[real][:, 1]) == np.flatnonzero(~POSITIVE).tolist()
