"""FLOP and bytes of a program by XLA's cost analysis, with every iteration of its loops.

XLA's analysis counts the body of a loop once, whatever the number of iterations. The cost of a
program with scans is therefore a sum: that of the full program, and for each scan the body's cost
for every further iteration. FLOP are counted before XLA's optimisation (on a GPU, which does not
report them, after it); bytes are those that the compiled program reads and writes, each operand of
each fused operation, cached or not.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
from jax.extend import core
from jax.sharding import PartitionSpec


class Cost(NamedTuple):
    """The cost of one unit of a benchmark, or of one call.

    Attributes:
        flop: additions, multiplications and comparisons; a multiply-add is two. Transcendental
            functions are not counted.
        bytes: read and written.
    """

    flop: float
    bytes: float

    def __add__(self, other: "Cost") -> "Cost":
        """Return the cost of both, one after the other."""
        return Cost(self.flop + other.flop, self.bytes + other.bytes)

    def times(self, factor: float) -> "Cost":
        """Return the cost of so many repetitions."""
        return Cost(self.flop * factor, self.bytes * factor)


def count(function: Callable, *args: Any) -> Cost:
    """Return the cost of one call, on all devices of its shard_map together.

    Args:
        function: traceable; a part that is mapped over devices must be the outermost.
        args: arrays, or their shapes and dtypes.

    Raises:
        ValueError: the number of iterations of a loop is not known before it runs.
    """
    closed = jax.make_jaxpr(function)(*args)
    return _count(closed, None)[1].times(_devices(closed.jaxpr))


def _count(closed: core.ClosedJaxpr, mesh: Any) -> tuple[Cost, Cost]:
    """Return XLA's count for a device, each loop body once, and the count of all iterations."""
    once = total = _analyse(closed, mesh)
    for equation, inner in _loops(closed.jaxpr, mesh):
        length, unroll = equation.params["length"], equation.params["unroll"]
        counted = length if unroll >= length else unroll + length % unroll
        body_once, body = _count(equation.params["jaxpr"], inner)
        total += body.times(length) + body_once.times(-counted)
    return once, total


def _devices(jaxpr: core.Jaxpr) -> int:
    """Return the size of the outermost mesh; XLA counts for one of its devices."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "shard_map":
            return equation.params["mesh"].size
        for inner in core.jaxprs_in_params(equation.params):
            if (devices := _devices(inner)) > 1:
                return devices
    return 1


def _loops(jaxpr: core.Jaxpr, mesh: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the outermost scans, each with the mesh that it runs on."""
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        if name == "while":
            raise ValueError("a while loop: how often it turns is not known before it runs")
        if name == "scan":
            yield equation, mesh
            continue
        here = equation.params["mesh"] if name == "shard_map" else mesh
        for inner in core.jaxprs_in_params(equation.params):
            yield from _loops(inner, here)


def _analyse(closed: core.ClosedJaxpr, mesh: Any) -> Cost:
    function = core.jaxpr_as_fun(closed)
    if mesh is not None:  # the body of a scan in a shard_map refers to the mesh's axes
        whole = PartitionSpec()
        function = jax.shard_map(
            function, mesh=mesh, in_specs=whole, out_specs=whole, check_vma=False
        )
    shapes = [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in closed.in_avals]
    lowered = jax.jit(function).lower(*shapes)
    written, compiled = lowered.cost_analysis() or {}, lowered.compile().cost_analysis() or {}
    flop = written.get("flops") or compiled.get(
        "flops", 0.0
    )  # a GPU counts only the compiled program
    return Cost(float(flop), float(compiled.get("bytes accessed", 0.0)))
