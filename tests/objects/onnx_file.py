"""A small ONNX model, written without the onnx package: mean colour in, one row of six out."""


def _varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _field(number, value):
    """One field of a protocol buffer: an int, or a text, bytes or message of known length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _message(*fields):
    return b"".join(_field(number, value) for number, value in fields)


def _node(kind, inputs, output, *attributes):
    fields = [(1, name) for name in inputs] + [(2, output), (4, kind)]
    return _message(*fields, *((5, attribute) for attribute in attributes))


def _integer(name, value):
    return _message((1, name), (3, value), (20, 2))


def _integers(name, values):
    return _message((1, name), *((8, value) for value in values), (20, 7))


def _tensor(name, shape):
    dims = [
        (1, _message((2, side) if isinstance(side, str) else (1, side))) for side in shape
    ]  # a text is a side that is left open
    kind = _message((1, 1), (2, _message(*dims)))  # float32
    return _message((1, name), (2, _message((1, kind))))


def mean_colours(*, shape=(1, 3, 32, 48), outputs=1, metadata=()):
    """Return a model that gives [b, 1, 6], the mean of each channel, twice.

    Args:
        shape: Of the input; a text is a side that is left open.
        outputs: How often it gives them.
        metadata: Pairs (key, value) of text.
    """
    axes = (2, 3) if shape[1] == 3 else (1, 2)
    nodes = [_node("ReduceMean", ["x"], "m", _integers("axes", axes), _integer("keepdims", 0))]
    nodes.append(_node("Concat", ["m", "m"], "mm", _integer("axis", 1)))
    names = [f"out{n}" for n in range(outputs)]
    nodes += [_node("Unsqueeze", ["mm"], name, _integers("axes", [1])) for name in names]
    graph = _message(
        *((1, node) for node in nodes),
        (2, "graph"),
        (11, _tensor("x", shape)),
        *((12, _tensor(name, (shape[0], 1, 6))) for name in names),
    )
    pairs = [(14, _message((1, key), (2, value))) for key, value in metadata]
    opset = _message((1, ""), (2, 11))
    return _message((1, 6), (7, graph), (8, opset), *pairs)
