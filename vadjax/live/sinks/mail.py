"""An e-mail for each announcement: smtp://USER@HOST:PORT/?from=ADDRESS&to=ADDRESS,ADDRESS."""

import datetime
import ipaddress
import re
import smtplib
import ssl
import urllib.parse
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime

from vadjax.errors import UserError
from vadjax.live.event import Event
from vadjax.live.sinks.address import Address
from vadjax.live.sinks.contract import Announcement, Refused, Undelivered
from vadjax.live.sinks.tls import context_of

_TIMEOUT_S = 20.0


class MailSink:
    """Sends mails; both of an event are one thread, and an attempt again has the same Message-ID.

    smtp:// changes to TLS where the server offers it, and never sends a password without; smtps://
    begins with TLS. With `#pictures=yes` the JPEG is attached.

    Args:
        address: smtp or smtps.

    Raises:
        UserError: the address has no host, sender or receiver, or authorities that cannot be read.
    """

    def __init__(self, address: Address):
        self.address, self._context = address, context_of(address)
        query = dict(urllib.parse.parse_qsl(address.parts.query))
        self._from, to = query.get("from", ""), query.get("to", "")
        self._to = [name.strip() for name in to.split(",") if name.strip()]
        if not address.parts.hostname or not self._from or not self._to:
            raise UserError("a sink smtp:// wants smtp://HOST/?from=ADDRESS&to=ADDRESS.")
        for name in (self._from, *self._to):
            if not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", name):
                raise UserError("a sink smtp://: 'from' or 'to' is no e-mail address.")

    def start(self, unfinished: Sequence[Event]) -> None:
        """Do nothing: servers close what stays open, so each mail is a connection of its own."""

    def deliver(self, announcement: Announcement) -> None:
        """Send. See `contract.Sink`."""
        message = self.message(announcement)
        try:
            with self._connect() as server:
                server.send_message(message)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise self._answered(error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise self._answered(min(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPAuthenticationError:
            raise Undelivered("the mail server does not take user and password.") from None
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"the mail server answers {error.smtp_code}.") from None
        except ssl.SSLCertVerificationError as error:
            reason = self.address.hide(str(error)[:200])
            raise Undelivered(f"the mail server's certificate is not trusted ({reason}).") from None
        except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
            reason = self.address.hide(str(error)[:200])
            raise Undelivered(f"no mail server there ({reason}).") from None

    def close(self) -> None:
        """Nothing is open."""

    def message(self, announcement: Announcement) -> EmailMessage:
        """Return the mail of an announcement."""
        event, message = announcement.event, EmailMessage()
        message["From"], message["To"] = self._from, ", ".join(self._to)
        message["Subject"] = announcement.summary[:200]
        message["Date"] = format_datetime(
            datetime.datetime.fromtimestamp(event.end or event.start, datetime.UTC)
        )
        message["Message-ID"] = f"<{event.id}.{event.state}@vadjax>"
        if event.state == "closed":
            message["In-Reply-To"] = message["References"] = f"<{event.id}.open@vadjax>"
        if event.like:  # its kind matters
            message["Importance"], message["X-Priority"] = "high", "1"
        message["X-Vadjax-Key"] = announcement.key
        message.set_content(_text(event))
        if self.address.options.get("pictures") == "yes" and (jpeg := announcement.picture()):
            message.add_attachment(jpeg, maintype="image", subtype="jpeg", filename="event.jpg")
        return message

    def _connect(self) -> smtplib.SMTP:
        parts, context = self.address.parts, self._context
        host = str(parts.hostname)
        if parts.scheme == "smtps":
            secure = True
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=_TIMEOUT_S, context=context
            )
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=_TIMEOUT_S)
            server.ehlo_or_helo_if_needed()
            secure = server.has_extn("starttls")
            if secure:
                server.starttls(context=context)
        if self.address.user:
            if not secure and not _is_loopback(host):
                server.close()
                raise Undelivered("the mail server offers no TLS: the password is not sent.")
            server.login(self.address.user, self.address.password)
        return server

    def _answered(self, code: int) -> Exception:
        """Return the error for a status of SMTP: 4xx passes, 5xx does not."""
        kind = Refused if code >= 500 else Undelivered
        return kind(f"the mail server answers {code}.")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(event: Event) -> str:
    """Return the text of a mail."""
    at = datetime.datetime.fromtimestamp(event.start).astimezone()
    lines = [event.sentence or event.kind.replace("_", " "), ""]
    lines += [f"camera     {event.source}", f"began      {at:%Y-%m-%d %H:%M:%S %Z}"]
    if event.end is not None:
        lines.append(f"lasted     {event.end - event.start:.0f} s")
    if event.score is not None and event.threshold is not None:
        lines.append(f"score      {event.score:.3g} (threshold {event.threshold:.3g})")
    if event.expected is not None and event.actual is not None:
        lines.append(f"expected   {event.expected:.3g}, measured {event.actual:.3g}")
    if event.rarer_than_hours is not None:
        lines.append(f"rarer than once in {event.rarer_than_hours:.3g} hours")
    return "\n".join([*lines, "", event.id, ""])
