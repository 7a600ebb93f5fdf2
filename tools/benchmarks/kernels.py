"""The number of kernels that an epoch launches, with every iteration of its loops.

`python -m tools.benchmarks.kernels` compiles an epoch of 64 members of LSTM 32 on windows 10 x
1280, as many as Ped2 has, and counts the operations after fusion. With `--a100` it compiles for an
A100 without one: this needs jax-cuda12-plugin, jax-cuda12-pjrt, nvidia-cuda-nvcc-cu12 and
nvidia-nvjitlink-cu12, but no driver, and uses no autotuning
(XLA_FLAGS=--xla_gpu_autotune_level=0).
"""

import argparse
import pathlib
import re

import numpy as np

MEMBERS, FRAMES, FITTED, HELD_OUT = 64, 2550, 1955, 150
NO_KERNEL = frozenset(
    ("after-all", "bitcast", "constant", "get-tuple-element", "iota", "parameter", "tuple")
)
COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.\-]+) \(.*\) -> .*\{$")
OPERATION = re.compile(r"^\s+(?:ROOT )?%?[\w.\-]+ = .*?\s([a-z][a-z\-]*)\(")
CALLED = re.compile(r"(?:to_apply|calls|body)=%?([\w.\-]+)")
TURNS = re.compile(r'known_trip_count":\{"n":"(\d+)"')


def kernels(text: str) -> int:
    """Return the operations that one run of an optimised HLO module performs.

    >>> kernels('''ENTRY %main (x: f32[2]) -> f32[2] {
    ...   %x = f32[2]{0} parameter(0)
    ...   %y = f32[2]{0} add(%x, %x)
    ...   ROOT %z = f32[2]{0} fusion(%y), kind=kLoop, calls=%inner
    ... }''')
    2

    Raises:
        ValueError: it has no entry, or a loop with an unknown number of iterations.
    """
    computations: dict[str, list[str]] = {"": []}
    entry = name = ""
    for line in text.splitlines():
        if found := COMPUTATION.match(line):
            name = found[2]
            entry = name if found[1] else entry
            computations[name] = []
        computations[name].append(line)
    if not entry:
        raise ValueError("no optimised HLO: it has no ENTRY")
    return _count(entry, computations)


def _count(name: str, computations: dict[str, list[str]]) -> int:
    total = 0
    for line in computations[name]:
        found = OPERATION.match(line)
        if not found or found[1] in NO_KERNEL:
            continue
        called = CALLED.search(line)
        if found[1] == "while":
            turns = TURNS.search(line)
            if not (turns and called):
                raise ValueError("a loop whose turns are not known before it runs")
            total += int(turns[1]) * _count(called[1], computations)
        elif found[1] == "call" and called:
            total += _count(called[1], computations)
        else:
            total += 1
    return total


def compiled(device) -> str:
    """Return the optimised HLO of the epoch for a present or a described device."""
    import jax
    from jax.sharding import Mesh, PartitionSpec

    from tools.benchmarks import epochs, population
    from vadjax.data.splits.windows import WindowTable
    from vadjax.training import inputs
    from vadjax.training.batches import AXIS, steps_of
    from vadjax.training.epoch import make_epoch
    from vadjax.training.hyperparameters import hyperparameters
    from vadjax.training.member import Member, make_state
    from vadjax.training.step import Settings

    shape = population.SHAPE
    config = epochs.config_of("classify", units=shape.units)
    config.train.batch_size = shape.batch
    model, objective = epochs.network(config, (shape.width,))
    rows = (np.arange(FITTED)[:, None] + np.arange(shape.length)).astype(np.int32)
    tables = [WindowTable(r, np.zeros(len(r), np.int32)) for r in (rows, rows[:HELD_OUT])]
    labels = (np.arange(FRAMES) % 2).astype(np.int32)
    features = np.zeros((FRAMES, shape.width), np.float32)
    data = inputs.TrainingData([features], *tables, frame_labels=labels)
    shared = inputs.resident_arrays(data)
    settings = Settings.of(config.train, steps_of(shared["train"], shape.batch))
    member = Member("", 0, hyperparameters(data, config, objective))
    state = jax.eval_shape(lambda: make_state(model, shared, settings.optimizer)(member))
    states = jax.tree.map(lambda x: jax.ShapeDtypeStruct((MEMBERS, *x.shape), x.dtype), state)
    fixed = jax.tree.map(lambda x: jax.ShapeDtypeStruct(np.shape(x), x.dtype), dict(shared))
    whole = PartitionSpec()
    epoch = jax.shard_map(
        jax.vmap(make_epoch(model, objective, settings), (0, None)),
        mesh=Mesh(np.array([device]), (AXIS,)),
        in_specs=whole,
        out_specs=whole,
        check_vma=False,
    )
    return jax.jit(epoch, donate_argnums=0).lower(states, fixed).compile().as_text()


def _a100():
    """Return a description of the device, for the compiler."""
    from jax.experimental import topologies

    target = pathlib.Path(__file__).with_name("a100.txtpb").read_text("utf-8")
    described = topologies.get_topology_desc("a100", "cuda", topology="1x1x1", target_config=target)
    return described.devices[0]


def main() -> None:
    """Print the kernels of an epoch."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--a100", action="store_true", help="for an A100 that is not there")
    args = parser.parse_args()
    import jax

    device = jax.devices()[0]
    if args.a100:
        from vadjax.models import recurrence

        recurrence.unroll = lambda steps: steps  # as on a GPU
        device = _a100()
    print(f"{device.device_kind}: {kernels(compiled(device)):,} kernels an epoch")


if __name__ == "__main__":
    main()
