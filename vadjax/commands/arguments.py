"""Arguments of a verb, as flags of the module that does the work."""

from collections.abc import Mapping, Sequence

from absl import flags

from vadjax import backbones
from vadjax.config import default_config, flatten, meant, unknown_key
from vadjax.config.argument import ABBREVIATIONS, names_quoted
from vadjax.config.renamed import KEYS
from vadjax.errors import UserError, unknown


def flags_of(module: str) -> dict[str, bool]:
    """Return the flags that an imported module defines: name -> whether it is a switch."""
    return {flag.name: flag.boolean for flag in flags.FLAGS.get_flags_for_module(module)}


def translate(
    arguments: Sequence[str], *, own: Mapping[str, bool], configurable: bool = True
) -> tuple[list[str], list[str]]:
    """Separate flags from other arguments, and write config keys as --config.KEY=VALUE.

    Args:
        arguments: flags as --name=value or --name value, anywhere. A config key may be given as
            --config.KEY=VALUE, --KEY=VALUE or KEY=VALUE, and by its last part where that is clear.
        own: the flags of the module, and whether each is a switch, which takes no value.
        configurable: whether config keys are understood at all.

    Returns:
        Flags for absl, and what is neither a flag nor a key, in order.

    Raises:
        UserError: a flag is unknown, has no value, or stands for several keys.
    """
    keys = flatten(default_config().to_dict()) if configurable else {}
    translated: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        text = waiting.pop(0)
        name, equals, value = text.removeprefix("--").partition("=")
        if text == "--":
            rest += waiting
            break
        if not text.startswith("--") and not (equals and _key_of(name, keys)):
            rest.append(text)
            continue
        flag, is_switch = _resolve(name, own, keys)
        if not equals and not is_switch:
            if not waiting:
                raise UserError(f"{text} wants a value: {text}=VALUE.")
            equals, value = "=", waiting.pop(0)
        key = flag.removeprefix("config.")
        if equals and key in keys:
            value = names_quoted(value, keys[key])
        translated.append(f"--{flag}{equals}{value}")
        if flag == "config.features.backbone" and not backbones.takes_any_size(value):
            translated += ["--config.features.height=0", "--config.features.width=0"]
    return translated, rest


def _resolve(name: str, own: Mapping[str, bool], keys: Mapping) -> tuple[str, bool]:
    """Return the name of a flag as absl knows it, and whether it is a switch."""
    if name in own:
        return name, own[name]
    if key := _key_of(name, keys):
        return f"config.{key}", isinstance(keys[key], bool)
    if name.startswith("no"):
        if own.get(name[2:]):
            return name, True
        if (key := _key_of(name[2:], keys)) and isinstance(keys[key], bool):
            return f"noconfig.{key}", True
    if "." in name:
        raise unknown_key(name.removeprefix("config."), keys)
    if name not in own and (key := meant(name, keys)):
        raise UserError(f"flag '--{name}' unknown. Did you mean '--{_last(key)}' ({key})?")
    raise unknown("flag", f"--{name}", [f"--{flag}" for flag in [*own, *map(_last, keys)]])


def _key_of(name: str, keys: Mapping) -> str | None:
    """Return the config key that a name stands for, if any."""
    name = name.removeprefix("config.")
    name = KEYS.get(name, ABBREVIATIONS.get(name, name))
    if name in keys:
        return name
    same = [key for key in keys if _last(key) == name]
    if len(same) > 1:
        raise UserError(f"{name} may stand for {', '.join(same)}; write one of these.")
    return same[0] if same else None


def _last(key: str) -> str:
    return key.rpartition(".")[2]
