"""An authority of the test's own, and a certificate of localhost that it has signed."""

import shutil
import ssl
import subprocess

import pytest

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


class Authority:
    """Makes `ca` (of the authority), `certificate` and `key` (of a server), PEM files."""

    def __init__(self, folder, *, host="localhost"):
        folder.mkdir(exist_ok=True)
        self.ca, ca_key = folder / "ca.pem", folder / "ca.key"
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        request, more = folder / "server.csr", folder / "more"
        more.write_text(f"subjectAltName=DNS:{host}\n")
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._openssl(
            *("req", "-x509", *new, "-keyout", ca_key, "-out", self.ca, "-days", "2"),
            *("-subj", "/CN=test authority", "-addext", "basicConstraints=critical,CA:TRUE"),
        )
        self._openssl("req", *new, "-keyout", self.key, "-out", request, "-subj", f"/CN={host}")
        self._openssl(
            *("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-days", "2"),
            *("-CAcreateserial", "-extfile", more, "-out", self.certificate),
        )

    @property
    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
