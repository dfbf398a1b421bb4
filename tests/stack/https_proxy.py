"""HTTPS to the emulator's own hosts, such as a distribution's, which have no address in DNS.

A client that has this server as its proxy for HTTPS asks it to connect to a host; the server then
speaks TLS as that host, and passes what it hears on to the emulator.
"""

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = ("*.cloudfront.net", "*.execute-api.us-east-1.amazonaws.com")
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}
SECONDS = 60


class HttpsProxy:
    """A proxy on this machine. ``certificate`` is the file that its clients must trust."""

    def __init__(self, emulator: str, folder: Path) -> None:
        self.certificate = folder / "certificate.pem"
        key = folder / "key.pem"
        write_certificate(self.certificate, key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(emulator, context))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """What the environment of a client needs."""
        address = f"http://127.0.0.1:{self._server.server_port}"
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), address)
        return {**proxies, "SSL_CERT_FILE": str(self.certificate)}

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def handler_for(emulator: str, context: ssl.SSLContext) -> type[BaseHTTPRequestHandler]:
    """Handles a connection: CONNECT, then requests inside of TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.rfile.close()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
            self.close_connection = False  # requests follow, also to a client of HTTP/1.0

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def do_GET(self) -> None:
            with passed_on(self, emulator) as (answer, body):
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    return Handler


@contextmanager
def passed_on(
    request: BaseHTTPRequestHandler, emulator: str
) -> Iterator[tuple[http.client.HTTPResponse, bytes]]:
    """The emulator's answer to a request without a body."""
    connection = http.client.HTTPConnection(emulator, timeout=SECONDS)
    try:
        headers = dict(request.headers.items())
        headers["X-Forwarded-Proto"] = "https"
        connection.request(str(request.command), request.path, headers=headers)
        answer = connection.getresponse()
        yield answer, answer.read()
    finally:
        connection.close()


def write_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate for the hosts, signed by itself, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests of a deployed stack")])
    now = datetime.now(UTC)
    hosts = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
