"""One HTTP exchange with somebody else's server: TLS, proxy, one deadline, a limit on what is read.

It says exactly how far it got, because that decides whether a command may be tried again: before the first
byte went out nothing can have happened (:class:`Unreachable`), afterwards anything can. It uses the standard
library's client, because a cold ``offhook dial`` loads it in a third of the time any other takes.
"""

import contextlib
import http.client
import io
import os
import re
import socket
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from offhook.errors import SettingsError, Unreachable, reason, unresolved

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

LONGEST_BODY = 1 << 20
MOST_REDIRECTS = 5


class Tls(NamedTuple):
    """Whom to trust and what to show: the settings ``tls.*``."""

    ca: str = ""
    pin: str = ""
    certificate: str = ""
    key: str = ""
    insecure: bool = False


def tls_of(part: "Callable[[str], str]") -> Tls:
    """Return the TLS settings; ``part`` gives ``ca``, ``pin``, ``certificate``, ``key`` and ``insecure``."""
    return Tls(part("ca"), part("pin"), part("certificate"), part("key"), insecure=part("insecure") == "yes")


class Patience(NamedTuple):
    """How long to wait, seconds: for a connection, for the answer's head, for the rest of it."""

    connect_s: float = 3.0
    answer_s: float = 15.0
    body_s: float = 15.0


class HttpReply(NamedTuple):
    """What came back. ``status`` 0: nothing that is HTTP. ``fault``: none, ``cut late long garbage``."""

    status: int
    headers: "Mapping[str, str]"
    body: bytes
    fault: str = ""

    def __repr__(self) -> str:
        """Leave out what may repeat a secret."""
        return f"HttpReply({self.status}, {len(self.body)} bytes, fault={self.fault!r})"


class Client:
    """Makes exchanges, one at a time; :meth:`abort` from another thread ends the one under way."""

    def __init__(self, tls: Tls | None = None, patience: Patience | None = None) -> None:
        self.tls = tls or Tls()
        self.patience = patience or Patience()
        self._context: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None
        self._over = False

    def abort(self) -> None:
        """End the exchange under way and refuse further ones."""
        self._over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it may have ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)

    def exchange(
        self,
        method: str,
        url: str,
        headers: "Sequence[tuple[str, str]]",
        body: bytes = b"",
        patience: Patience | None = None,
        *,
        follow: bool = True,
    ) -> HttpReply:
        """Send a request and return what came back.

        With ``follow`` the redirects of a GET are followed, on the same server. Raises ``Unreachable`` where nothing
        was sent and ``SettingsError`` for certificates that cannot be used.
        """
        patience = patience or self.patience
        answer = self._once(method, url, headers, body, patience)
        for _turn in range(MOST_REDIRECTS):
            target = _redirect(url, answer) if method == "GET" and follow else ""
            if not target:
                break
            url = target
            answer = self._once(method, url, headers, body, patience)
        return answer

    def reach(self, url: str) -> None:
        """Connect to a URL's server, with TLS if it is ``https``, and send nothing. Raises as :meth:`exchange`."""
        self._connected(url, self.patience)[0].close()
        self._socket = None

    def _once(
        self, method: str, url: str, headers: "Sequence[tuple[str, str]]", body: bytes, patience: Patience
    ) -> HttpReply:
        link, target, extra = self._connected(url, patience)
        host = _host(url)
        try:
            if self._over:
                raise Unreachable("server_unreachable", host=host, why="closed")
            return self._sent(link, method, target, [*headers, *extra], body, patience)
        finally:
            self._socket = None
            link.close()

    def _sent(
        self,
        link: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: "Sequence[tuple[str, str]]",
        body: bytes,
        patience: Patience,
    ) -> HttpReply:
        """Send, and read what comes. From here on anything may have happened at the other end."""
        deadline = _Deadline(patience.answer_s)
        link.response_class = deadline.response  # type: ignore[assignment]
        assert link.sock is not None  # noqa: S101 - it is connected
        link.sock.settimeout(patience.answer_s)
        named = {name.lower() for name, _value in headers}
        try:
            link.putrequest(method, target, skip_host="host" in named, skip_accept_encoding=True)
            for name, value in headers:
                link.putheader(name, value.encode("utf-8"))
            if "user-agent" not in named:
                link.putheader("User-Agent", "Offhook")
            if body or method in ("POST", "PUT"):
                link.putheader("Content-Length", str(len(body)))
            link.putheader("Connection", "close")
            link.endheaders(body or None)
            response = link.getresponse()
        except TimeoutError:
            return HttpReply(0, {}, b"", "late")
        except OSError:
            return HttpReply(0, {}, b"", "cut")
        except http.client.HTTPException as error:
            cut = isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead)
            return HttpReply(0, {}, b"", "cut" if cut else "garbage")
        deadline.extend(patience.body_s)
        found = {name.lower(): value for name, value in response.getheaders()}
        data, fault = _read(response)
        return HttpReply(response.status, found, data, fault)

    # --- connecting -----------------------------------------------------------------------------------

    def _connected(
        self, url: str, patience: Patience
    ) -> tuple[http.client.HTTPConnection, str, list[tuple[str, str]]]:
        """Return a connection made, what to ask it for, and headers a proxy wants."""
        host = _host(url)
        try:
            link, target, extra = self._link(url, patience)
        except (ValueError, http.client.HTTPException):
            raise SettingsError("url_unusable", url=host) from None
        try:
            link.connect()
            self._socket = link.sock
            self._check_pin(link)
        except OSError as error:  # ssl.SSLError and a proxy's refusal are among them
            link.close()
            raise _unreachable(host, link.host, error) from None
        except (ValueError, http.client.HTTPException) as error:  # not a name, not an HTTP proxy
            link.close()
            raise Unreachable("server_unreachable", host=host, why=reason(error)) from None
        return link, target, extra

    def _link(
        self, url: str, patience: Patience
    ) -> tuple[http.client.HTTPConnection, str, list[tuple[str, str]]]:
        """Return a connection not yet made, what to ask it for, and headers a proxy wants."""
        secure, host, port, path = _split(url)
        proxy = _proxy(secure, host, port)
        timeout = patience.connect_s
        if not secure:
            if not proxy:
                return http.client.HTTPConnection(host, port, timeout=timeout), path, []
            _secure, proxy_host, proxy_port, _path = _split(proxy)
            link = http.client.HTTPConnection(proxy_host, proxy_port, timeout=timeout)
            return link, url.partition("#")[0], _proxy_headers(proxy)
        context = self._context = self._context or context_of(self.tls)
        if not proxy:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=context), path, []
        _secure, proxy_host, proxy_port, _path = _split(proxy)
        tunnel = http.client.HTTPSConnection(proxy_host, proxy_port, timeout=timeout, context=context)
        tunnel.set_tunnel(host, port, dict(_proxy_headers(proxy)))
        return tunnel, path, []

    def _check_pin(self, link: http.client.HTTPConnection) -> None:
        """Compare the server's certificate with ``tls.pin``. Raises ``ConnectionError``."""
        if not self.tls.pin or not isinstance(link, http.client.HTTPSConnection):
            return
        if not is_pinned(link.sock.getpeercert(binary_form=True) or b"", self.tls.pin):
            raise _PinError("tls_pin")


class _PinError(OSError):
    pass


class _Deadline:
    """One deadline for a whole answer: a server that drips a byte a second does not hold us for ever."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        """Give the rest of the answer its own time."""
        self._until = time.monotonic() + seconds

    def response(self, sock: socket.socket, *args: Any, **words: Any) -> http.client.HTTPResponse:
        """Make a response that reads against the deadline."""
        found = http.client.HTTPResponse(sock, *args, **words)
        found.fp = io.BufferedReader(_Timed(sock, self, found.fp))
        return found

    def left(self) -> float:
        """Return the seconds left. Raises ``TimeoutError``."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Timed(io.RawIOBase):
    """A socket's bytes, each read within what is left of a deadline.

    ``held`` is the file that keeps the socket open: a connection that is to end with this answer is dropped as soon
    as its head has come.
    """

    def __init__(self, sock: socket.socket, deadline: _Deadline, held: io.BufferedIOBase) -> None:
        self._sock = sock
        self._deadline = deadline
        self._held = held

    def close(self) -> None:
        """Release the socket, too."""
        self._held.close()
        super().close()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, waiting no longer than the deadline."""
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


def _read(response: http.client.HTTPResponse) -> tuple[bytes, str]:
    """Read the body up to the limit; returns it and what was wrong with it.

    It may come in pieces of any size. ``response.length`` says how long it is, where that was said; ``read1`` does
    not change it. One that says it is too long is not read.
    """
    data, whole = bytearray(), response.length
    if whole is not None and whole > LONGEST_BODY:
        return b"", "long"
    try:
        while len(data) <= LONGEST_BODY:
            if whole is not None and len(data) >= whole:
                return _unpacked(bytes(data), response)
            part = response.read1(1 << 16)
            if not part:
                return _unpacked(bytes(data), response) if whole is None else (bytes(data), "cut")
            data += part
    except TimeoutError:
        return bytes(data), "late"
    except (OSError, http.client.HTTPException, ValueError):
        return bytes(data), "cut"
    return bytes(data[:LONGEST_BODY]), "long"


def _unpacked(data: bytes, response: http.client.HTTPResponse) -> tuple[bytes, str]:
    """Return a body that was packed although nobody asked for it, within the same limit."""
    if not data or response.getheader("Content-Encoding", "").strip().lower() not in (
        "gzip",
        "x-gzip",
        "deflate",
    ):
        return data, ""
    import zlib

    packed = zlib.decompressobj(wbits=47)  # gzip or zlib, as it says itself
    try:
        unpacked = packed.decompress(data, LONGEST_BODY + 1)
    except zlib.error:
        return data, "garbage"
    if len(unpacked) > LONGEST_BODY:
        return unpacked[:LONGEST_BODY], "long"
    return unpacked, "" if packed.eof else "cut"


def _split(url: str) -> tuple[bool, str, int, str]:
    """Return whether it is https, host, port and path of a URL that was checked before."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        secure, port = parts.scheme == "https", parts.port
        host = parts.hostname or ""
    except ValueError:
        host, secure, port = "", False, None
    if not host:
        raise SettingsError("url_unusable", url=_host(url))
    rest = url.partition("://")[2]
    at = min((rest.find(mark) for mark in "/?" if mark in rest), default=len(rest))
    path = rest[at:].partition("#")[0]
    path = path if path.startswith("/") else f"/{path}"
    return secure, host, port or (443 if secure else 80), path


def _host(url: str) -> str:
    """Return a URL's host and port for a message; never its path, which may hold a secret."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2][:80]


def _redirect(url: str, answer: HttpReply) -> str:
    """Return where a redirect of a GET leads, ``""`` for none or one to another server."""
    from urllib.parse import urljoin

    if answer.status not in (301, 302, 303, 307, 308):
        return ""
    secure, host, port, _path = _split(url)
    try:
        target = urljoin(url, answer.headers.get("location", ""))
        there = _split(target)
    except (ValueError, SettingsError):
        return ""
    if not re.fullmatch(r"[\x21-\x7e]+", target):
        return ""
    same = there[:3] == (secure, host, port) or (not secure and there[:3] == (True, host, 443))
    return target if same and target != url else ""


def _proxy(secure: bool, host: str, port: int) -> str:
    """Return the system's proxy for a host, ``""`` where there is none."""
    if os.name == "posix" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""  # only there does such a system say it; urllib.request takes long to load
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get("https" if secure else "http", "")
    if not found or proxy_bypass(f"{host}:{port}") or proxy_bypass(host):
        return ""
    return found if "://" in found else f"http://{found}"


def _proxy_headers(proxy: str) -> list[tuple[str, str]]:
    account = proxy.partition("://")[2].partition("/")[0].rpartition("@")[0]
    if not account:
        return []
    from base64 import b64encode
    from urllib.parse import unquote

    return [("Proxy-Authorization", "Basic " + b64encode(unquote(account).encode()).decode())]


def is_pinned(certificate: bytes, pin: str) -> bool:
    """Say whether a certificate is the one ``tls.pin`` names by its SHA-256."""
    from hashlib import sha256

    return sha256(certificate).hexdigest() == pin.replace(":", "").replace(" ", "").lower()


def context_of(tls: Tls) -> "ssl.SSLContext":
    """Return the TLS context of the settings. Raises ``SettingsError`` for a file that cannot be used."""
    import ssl

    context = ssl.create_default_context()
    for name, path in (("tls.ca", tls.ca), ("tls.certificate", tls.certificate)):
        try:
            if path and name == "tls.ca":
                context.load_verify_locations(path)
            elif path:
                context.load_cert_chain(path, tls.key or None, password=lambda: b"")
        except (OSError, ValueError) as error:
            raise SettingsError("certificate_unusable", name=name, path=path, why=reason(error)) from None
    if tls.insecure or tls.pin:  # a pin is stricter than any authority
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _unreachable(host: str, asked: str, error: OSError) -> Unreachable:
    """Return the error for a server that was not reached; ``asked`` is the name looked up: its own, or a proxy's."""
    why = reason(error)
    if type(error).__name__.startswith("SSL") or isinstance(error, _PinError):
        return Unreachable("tls_failed", host=host, why=why)
    if why.startswith("Tunnel connection failed"):
        return Unreachable("proxy_refused", host=host, why=why.removeprefix("Tunnel connection failed: "))
    return unresolved(asked, error) or Unreachable("server_unreachable", host=host, why=why)
