"""A POST of JSON for each announcement: https://HOST/PATH."""

import base64
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence

from vadjax.errors import UserError
from vadjax.live.event import Event
from vadjax.live.sinks.address import Address
from vadjax.live.sinks.contract import Announcement, Refused, Undelivered
from vadjax.live.sinks.tls import context_of

_TIMEOUT_S = 15.0
# What is wrong with this one announcement, and stays so; of the others a person can mend the cause.
_FINAL = (400, 413, 415, 422)


class WebhookSink:
    """Posts announcements; the key stands in the header Idempotency-Key.

    The token of VADJAX_WEBHOOK_TOKEN goes into the header Authorization; user and password of the
    address do likewise. With `#pictures=yes` the JPEG is sent as base64 in `picture_jpeg`.

    Args:
        address: http or https.

    Raises:
        UserError: the address has no host, or authorities that cannot be read.
    """

    def __init__(self, address: Address):
        self.address = address
        if not address.parts.hostname:
            raise UserError(f"a sink {address.parts.scheme}:// wants the name of a host.")
        secure = urllib.request.HTTPSHandler(context=context_of(address))
        self._opener = urllib.request.build_opener(_NoRedirect, secure)

    def start(self, unfinished: Sequence[Event]) -> None:
        """Do nothing: each announcement is a connection of its own."""

    def deliver(self, announcement: Announcement) -> None:
        """Post. See `contract.Sink`."""
        content = announcement.content()
        if self.address.options.get("pictures") == "yes" and (jpeg := announcement.picture()):
            content["picture_jpeg"] = base64.b64encode(jpeg).decode("ascii")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "vadjax",
            "Idempotency-Key": announcement.key,
            **self._authorization(),
        }
        body = json.dumps(content, allow_nan=False).encode()
        request = urllib.request.Request(self.address.url, data=body, headers=headers)
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                answer.read(1024)
        except urllib.error.HTTPError as error:
            with error:
                reason = f"the webhook answers {error.code}"
                if error.code in _FINAL:
                    raise Refused(f"{reason}.") from None
                raise Undelivered(f"{reason}.", wait_s=_seconds(error.headers)) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise Undelivered(self.address.hide(f"no answer ({reason}).")) from None

    def close(self) -> None:
        """Nothing is open."""

    def _authorization(self) -> dict[str, str]:
        if token := os.environ.get("VADJAX_WEBHOOK_TOKEN"):
            return {"Authorization": f"Bearer {token}"}
        if self.address.user:
            pair = f"{self.address.user}:{self.address.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
        return {}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET that delivers nothing, and may lead elsewhere."""

    def redirect_request(self, *arguments):
        """Refuse."""
        return None


def _seconds(headers) -> float:
    """Return the seconds of Retry-After; 0 where there are none."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
