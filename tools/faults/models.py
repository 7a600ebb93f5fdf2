"""Faults in models and training: file, text, fault, tests; see `Mutation`."""

BAGS = "tests/models/test_bags.py"
MATCHING = "tests/training/test_score_matching.py"

ROWS = [
    # classes
    (
        "vadjax/models/recurrent.py",
        "i = 0 if self.reuse and i == len(self.cells) - 1 else i",
        "i = 1 if self.reuse and i == len(self.cells) - 1 else i",
        "tests/models/test_models.py",
    ),
    (
        "vadjax/models/log_density.py",
        "(noise[:, None] * found + drawn)",
        "(noise[:, None] * found - drawn)",
        MATCHING,
    ),
    (
        "vadjax/training/score_matching.py",
        "jax.jit(jax.vmap(fit, in_axes=(0, 0, None)))",
        "jax.jit(lambda x, n, k: jax.vmap(fit)(x, n, jax.random.split(k, len(x))))",
        MATCHING,
    ),
    (
        "vadjax/models/objectives/mil_ranking.py",
        "top = scores.max(1)",
        "top = scores.max(0)[: len(scores)]",
        BAGS,
    ),
    (
        "vadjax/models/objectives/mil_ranking.py",
        "jax.nn.relu(1.0 - top[:, None] + top[None, :])",
        "jax.nn.relu(1.0 + top[:, None] - top[None, :])",
        BAGS,
    ),
    (
        "vadjax/models/objectives/bags.py",
        "return jnp.where(label, weight, 0.0), jnp.where(label, 0.0, weight)",
        "return jnp.where(label, 0.0, weight), jnp.where(label, weight, 0.0)",
        BAGS,
    ),
    (
        "vadjax/models/objectives/mil_topk.py",
        "jax.lax.top_k(_length(hidden).mean(-1), count)",
        "jax.lax.top_k(scores, count)",
        BAGS,
    ),
    (
        "vadjax/models/bag_mlp.py",
        "            logits = _mean_probability(logits)",
        "            logits = logits[..., 0]",
        BAGS,
    ),
]
