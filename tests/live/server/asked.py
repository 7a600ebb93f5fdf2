"""Requests to a page, by the sockets of Python."""

import http.client
import json
import ssl
import urllib.parse


class Asked:
    """An answer: status, headers, body."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def json(self):
        return json.loads(self.body)


def ask(url, path, method="GET", body=None, *, headers=(), context=None, **query):
    """Send a request; a body that is no bytes is sent as JSON."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, timeout=20, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    headers = dict(headers)
    if body is not None and not isinstance(body, bytes):
        body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
    path = f"{path}?{urllib.parse.urlencode(query)}" if query else path
    try:
        connection.request(method, path, body, headers)
        return Asked(connection.getresponse())
    finally:
        connection.close()


TRUST_ANY = ssl._create_unverified_context()
