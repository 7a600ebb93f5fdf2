"""Names of classes: 0 is normal, the named classes follow in the order of their names."""

NORMAL, ABNORMAL = "normal", "abnormal"
OTHER = "other"  # of a clip that is abnormal and of none of the named classes
UNKNOWN = -1


def names_of(text: str) -> tuple[str, ...]:
    """Return the classes that `objective.classes` names, normal first.

    >>> names_of("Abuse, Arson"), names_of("")
    (('normal', 'Abuse', 'Arson'), ('normal', 'abnormal'))

    Args:
        text: names with commas between them; "" tells abnormal from normal alone.

    Returns:
        Names.
    """
    named = tuple(name.strip() for name in text.split(",") if name.strip())
    return (NORMAL, *(named or (ABNORMAL,)))
