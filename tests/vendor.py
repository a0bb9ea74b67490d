"""A pretend vendor's web server on a real socket: it notes what came to the byte and answers as it is told."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Came:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    head: bytes

    @property
    def path(self) -> str:
        """Its path without the query."""
        return self.target.partition("?")[0]


Answer = Callable[[Came], bytes | None]
"""Returns the bytes to answer with; ``None`` says nothing and keeps the connection."""


def reply(
    body: str | bytes = b"", status: str = "200 OK", kind: str = "application/json", *more: str
) -> bytes:
    """Return a whole HTTP answer."""
    data = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
        "Connection: close",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


@dataclass
class Vendor:
    """The server: ``answer`` decides, ``came`` keeps every request."""

    answer: Answer
    context: ssl.SSLContext | None = None
    came: list[Came] = field(default_factory=list)
    port: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        """Listen on a free port."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        for each in [self._listening, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def dials(self) -> list[Came]:
        """Return the requests to dial."""
        return [each for each in self.came if each.path == "/dial"]

    def _accept(self) -> None:
        while True:
            try:
                link, _address = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        try:
            if self.context is not None:
                link = self.context.wrap_socket(link, server_side=True)
            self._open.append(link)
            came = self._read(link)
            if came is None:
                return
            self.came.append(came)
            data = self.answer(came)
            if data is None:
                link.recv(1)  # until the other side has had enough
                return
            link.sendall(data)
        except OSError:
            pass  # the other side left
        finally:
            link.close()

    def _read(self, link: socket.socket) -> Came | None:
        data = b""
        while b"\r\n\r\n" not in data:
            part = link.recv(1 << 16)
            if not part:
                return None
            data += part
        head, _blank, body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        method, target, _version = lines[0].split(" ", 2)
        pairs = [line.partition(":") for line in lines[1:]]
        headers = {name.strip().lower(): value.strip() for name, _colon, value in pairs}
        while len(body) < int(headers.get("content-length", "0")):
            body += link.recv(1 << 16)
        return Came(method, target, headers, body, head)


@contextmanager
def vendor(answer: Answer | bytes, context: ssl.SSLContext | None = None) -> Iterator[Vendor]:
    """Run one for the length of a block."""
    found = Vendor(answer if callable(answer) else lambda _came: answer, context)
    found.start()
    try:
        yield found
    finally:
        found.stop()


@dataclass(frozen=True)
class Certificates:
    """A private authority, a server's and a client's certificate, as PEM files."""

    ca: Path
    server: Path
    client: Path
    fingerprint: str


def certificates(folder: Path) -> Certificates:
    """Make a private authority and what it signs."""
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = dt.datetime.now(dt.UTC)

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    ca_key = ec.generate_private_key(ec.SECP256R1())

    def made(name: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named("Pretend authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            names = [here, x509.DNSName("localhost"), x509.DNSName("pbx.example")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(ca_key, hashes.SHA256())

    def written(name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None) -> Path:
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        if key is not None:
            form = serialization.PrivateFormat.PKCS8
            pem += key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        path = folder / f"{name}.pem"
        path.write_bytes(pem)
        return path

    server_key, client_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    server = made("server", server_key, is_ca=False)
    return Certificates(
        written("ca", made("Pretend authority", ca_key, is_ca=True), None),
        written("server", server, server_key),
        written("client", made("client", client_key, is_ca=False), client_key),
        server.fingerprint(hashes.SHA256()).hex(),
    )


def server_context(found: Certificates, *, wants_client: bool = False) -> ssl.SSLContext:
    """Return the TLS context of a server with these."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(found.server)
    if wants_client:
        context.load_verify_locations(found.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
