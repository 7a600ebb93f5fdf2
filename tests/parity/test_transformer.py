"""A Transformer block and its gradients against PyTorch's pre-norm encoder layer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.models import build
from vadjax.models.transformer import Block, num_heads

torch = pytest.importorskip("torch")

# Ours -> torch's; kernels are transposed. torch has biases of query, key and value too: zeros.
NAMES = {
    "attention_norm": "norm1",
    "attention_output": "self_attn.out_proj",
    "dense_norm": "norm2",
    "inner": "linear1",
    "outer": "linear2",
}


def to_torch(params):
    state = {"self_attn.in_proj_weight": params["query_key_value"]["kernel"].T}
    for ours, theirs in NAMES.items():
        kernel = params[ours]["kernel"].T if "kernel" in params[ours] else params[ours]["scale"]
        state |= {f"{theirs}.weight": kernel, f"{theirs}.bias": params[ours]["bias"]}
    return {name: torch.tensor(np.array(value)) for name, value in state.items()}


@pytest.mark.parametrize("width", [24, 128])
@pytest.mark.parametrize("causal", [True, False])
def test_a_block_and_its_gradients_equal_torch(width, causal):
    x = np.random.default_rng(1).normal(size=(8, 16, width)).astype(np.float32)
    block, drop = Block(width, causal), lambda rows, layer: rows
    shapes = jax.eval_shape(lambda: block.init(jax.random.key(0), x, drop, 0))["params"]
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda p: np.float32(0.1 * rng.normal(size=p.shape)), shapes)

    @build.jit
    def ours(params, x):
        def loss(params, x):
            rows = block.apply({"params": params}, x, drop, 0)
            return jnp.sum(jnp.sin(rows)), rows

        return jax.grad(loss, argnums=(0, 1), has_aux=True)(params, x)

    peer = torch.nn.TransformerEncoderLayer(
        width, num_heads(width), 4 * width, dropout=0.0, batch_first=True, norm_first=True
    )
    missing = peer.load_state_dict(to_torch(params), strict=False).missing_keys
    assert missing == ["self_attn.in_proj_bias"]  # zeros
    rows = torch.tensor(x, requires_grad=True)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(16) if causal else None
    expected = peer(rows, src_mask=mask, is_causal=causal)
    torch.sin(expected).sum().backward()

    (grads, grad_x), got = ours(params, x)
    np.testing.assert_allclose(got, expected.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(grad_x, rows.grad.numpy(), atol=1e-4)
    wanted = {name: value.grad.numpy() for name, value in peer.named_parameters()}
    for name, value in to_torch(grads).items():
        error = np.abs(value.numpy() - wanted[name]).max()
        assert error < 1e-5 * np.abs(wanted[name]).max(), name
