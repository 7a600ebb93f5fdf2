"""Shapes of the JSON schema of metrics.json, of which its parts are made."""

NUMBER = {"type": ["number", "null"]}
SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
COUNT = {"type": ["integer", "null"], "minimum": 0}
TEXT = {"type": "string"}
TEXT_OR_NULL = {"type": ["string", "null"]}
TEXTS = {"type": "array", "items": TEXT}
OBJECT = {"type": "object"}
OBJECT_OR_NULL = {"type": ["object", "null"]}
CURVE = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}}


def exactly(properties: dict, *, null: bool = False, optional: dict | None = None) -> dict:
    """Return the schema of an object with these keys and no other.

    Args:
        properties: key -> schema; all are required.
        null: null is valid too.
        optional: further keys.

    Returns:
        The schema.
    """
    return {
        "type": ["object", "null"] if null else "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def each(schema: dict, names: str) -> dict:
    """Return one schema for each of some names.

    Args:
        schema: of every one.
        names: parted by blanks.

    Returns:
        Name -> schema.
    """
    return {name: schema for name in names.split()}


def many(items: dict, **limits: int) -> dict:
    """Return the schema of a list, or null.

    Args:
        items: schema of each.
        **limits: `minItems` and `maxItems`.

    Returns:
        The schema.
    """
    return {"type": ["array", "null"], "items": items, **limits}
