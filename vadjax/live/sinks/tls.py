"""Whom a sink trusts: the authorities of this machine, or those of a file, `#ca=FILE`."""

import pathlib
import ssl

from vadjax.errors import UserError
from vadjax.live.sinks.address import Address


def context_of(address: Address) -> ssl.SSLContext:
    """Return how a connection is made secure; the name of the host is checked in any case.

    Args:
        address: of the sink.

    Returns:
        A context that trusts the certificates of the option `ca`, or those of this machine.

    Raises:
        UserError: the file cannot be read, or has no certificate.
    """
    path = address.options.get("ca", "")
    try:
        return ssl.create_default_context(
            cafile=str(pathlib.Path(path).expanduser()) if path else None
        )
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"ca={path} of a sink cannot be used ({why}): give a PEM file of certificates."
        ) from None
