"""Web servers that others wrote, answering as the request's own query asks: what a reply holds, how long it is, how it is framed.

``/token``, ``/dial`` and ``/poll`` take ``form`` (json, xml, text), ``size`` (bytes, at least), ``framing`` (length, chunked,
close), ``keep`` (1: the connection stays open), ``cut`` (1: half of it, 2: of the second reply only), ``says`` (no: a refusal), ``n`` (whose request it is).
"""

import asyncio
import contextlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import hypercorn.asyncio
import hypercorn.config
import uvicorn
from aiohttp import web

TOKEN = "tok-1024"
NUMBER, OTHER = "0388202020", "0388202099"
PIECE = 1 << 14
DRIPS = 8 << 10
"""How much one byte at a time goes on for."""
LABEL = {"json": "application/json", "xml": "text/xml", "text": "text/plain"}
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Asked:
    """Every request that came, by whose it is; the same for all servers."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.count: Counter[tuple[str, str]] = Counter()
        self.shown: dict[str, str] = {}

    def note(self, n: str, path: str, authorization: str) -> int:
        """Note a request; returns how many of its kind came before it."""
        with self._guard:
            self.count[n, path] += 1
            self.shown[n] = authorization or self.shown.get(n, "")
            return self.count[n, path] - 1


ASKED = Asked()


class Plan(NamedTuple):
    """What to answer."""

    label: str
    body: bytes
    framing: str
    keep: bool
    cut: bool

    @property
    def sent(self) -> bytes:
        """Return what of the body is sent before the connection breaks."""
        return self.body[: len(self.body) // 2] if self.cut else self.body

    @property
    def pieces(self) -> list[bytes]:
        """Return it in pieces."""
        return [self.sent[at : at + PIECE] for at in range(0, len(self.sent), PIECE)]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that are the application's to say."""
        length = {"Content-Length": str(len(self.body))} if self.framing == "length" else {}
        return {"Content-Type": self.label, **length, **({} if self.keep else {"Connection": "close"})}


def plan(target: str, authorization: str) -> Plan:
    """Return what a request is answered; it is noted."""
    parts = urlsplit(target)
    words = dict(parse_qsl(parts.query))
    path = parts.path.strip("/")
    before = ASKED.note(words.get("n", ""), path, authorization)
    form = words.get("form", "json")
    if path == "poll":
        event = ("RING", "", "POPUP")[before] if before < 3 else ""
        fields = {"event": event, "tel": {"RING": NUMBER, "POPUP": OTHER}.get(event, "")}
    elif path == "token":
        fields = {"token": TOKEN}
    else:
        fields = {"success": "false", "why": "barred"} if words.get("says") == "no" else {"success": "true"}
    body = _body(form, fields, int(words.get("size", "0")))
    cut = words.get("cut") == "1" or (words.get("cut") == "2" and before == 1)
    return Plan(LABEL[form], body, words.get("framing", "length"), words.get("keep") == "1", cut)


def _body(form: str, fields: dict[str, str], size: int) -> bytes:
    """Return a reply of at least that size; what counts stands at its end."""
    for pad in ("", "x" * max(0, size - len(_written(form, {"p": ""} | fields)))):
        text = _written(form, ({"p": pad} if pad else {}) | fields)
    return text.encode()


def _written(form: str, fields: dict[str, str]) -> str:
    if form == "json":
        return json.dumps(fields, separators=(",", ":"))
    if form == "xml":
        return "<r>" + "".join(f"<{name}>{text}</{name}>" for name, text in fields.items()) + "</r>"
    return "&".join(f"{name}={text}" for name, text in fields.items())


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


# --- the servers ----------------------------------------------------------------------------------


class _Handler(http.server.BaseHTTPRequestHandler):
    """Python's own server. Its framing is whoever's writes a handler; it sends the head by itself."""

    def do_GET(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        found = plan(self.path, self.headers.get("Authorization", ""))
        self.protocol_version = "HTTP/1.0" if found.framing == "close" else "HTTP/1.1"
        self.send_response(200)
        for name, text in found.headers.items():
            self.send_header(name, text)
        chunked = found.framing == "chunked"
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked has left: it was too long
            for piece in found.pieces:
                self.wfile.write(_chunk(piece) if chunked else piece)
            if chunked and not found.cut:
                self.wfile.write(b"0\r\n\r\n")
        self.close_connection = found.cut or found.framing == "close" or not found.keep

    do_POST = do_GET  # noqa: N815 - its name there

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def python() -> Iterator[int]:
    """Python's ``http.server``."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextmanager
def _in_a_loop(serve: Callable[[socket.socket, asyncio.Event], Awaitable[None]]) -> Iterator[int]:
    """Run a server in an event loop of its own, in a thread."""
    made = socket.create_server(("127.0.0.1", 0))
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    running = threading.Thread(target=lambda: loop.run_until_complete(serve(made, over)), daemon=True)
    running.start()
    try:
        yield made.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(over.set)
        running.join(20)
        made.close()
        loop.close()


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Answer as an ASGI application; the server frames what has no length."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    target = f"{scope['path']}?{scope['query_string'].decode()}"
    found = plan(target, dict(scope["headers"]).get(b"authorization", b"").decode())
    headers = [(name.lower().encode(), text.encode()) for name, text in found.headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in found.pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if found.cut:
        raise ConnectionAbortedError  # as an application does that fails in the middle
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def uvicorn_() -> Iterator[int]:
    """Uvicorn."""

    async def serve(made: socket.socket, over: asyncio.Event) -> None:
        server = uvicorn.Server(uvicorn.Config(_app, log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.ensure_future(server._serve([made]))
        await over.wait()
        server.should_exit = server.force_exit = True
        await serving

    with _in_a_loop(serve) as port:
        yield port


@contextmanager
def hypercorn_() -> Iterator[int]:
    """Hypercorn."""

    async def serve(made: socket.socket, over: asyncio.Event) -> None:
        config = hypercorn.config.Config()
        config.bind = [f"fd://{made.fileno()}"]
        config.errorlog = config.accesslog = None
        config.graceful_timeout = 0.1
        await hypercorn.asyncio.serve(_app, config, shutdown_trigger=over.wait, mode="asgi")
        made.detach()

    with _in_a_loop(serve) as port:
        yield port


@contextmanager
def aiohttp_() -> Iterator[int]:
    """Aiohttp's server."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        found = plan(request.path_qs, request.headers.get("Authorization", ""))
        if found.framing == "length" and not found.cut:
            whole = web.Response(body=found.body, headers={"Content-Type": found.label})
            if not found.keep:
                whole.force_close()
            return whole
        said = web.StreamResponse(headers=found.headers)
        await said.prepare(request)
        with contextlib.suppress(ConnectionError):
            for piece in found.pieces:
                await said.write(piece)
            if found.cut and request.transport is not None:
                request.transport.close()
            else:
                await said.write_eof()
        return said

    async def serve(made: socket.socket, over: asyncio.Event) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, made).start()
        await over.wait()
        await runner.cleanup()

    with _in_a_loop(serve) as port:
        yield port


@contextmanager
def drip() -> Iterator[int]:
    """A raw socket that sends a byte at a time for the first 8 KiB, head and all, each in a packet of its own."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                link, _address = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(link,), daemon=True).start()

    def serve(link: socket.socket) -> None:
        with link, contextlib.suppress(OSError):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            head = b""
            while b"\r\n\r\n" not in head:
                head += link.recv(1 << 16)
            lines = head.decode("latin-1").split("\r\n")
            shown = next(
                (line.partition(": ")[2] for line in lines if line.lower().startswith("authorization")), ""
            )
            found = plan(lines[0].split(" ")[1], shown)
            says = {"close": "HTTP/1.0 200 OK"}.get(found.framing, "HTTP/1.1 200 OK")
            chunked = ["Transfer-Encoding: chunked"] if found.framing == "chunked" else []
            text = [says, *(f"{name}: {value}" for name, value in found.headers.items()), *chunked, "", ""]
            body = b"".join(map(_chunk, found.pieces)) if chunked else found.sent
            data = "\r\n".join(text).encode() + body + (b"0\r\n\r\n" if chunked and not found.cut else b"")
            for at in range(min(len(data), DRIPS)):
                link.sendall(data[at : at + 1])
            link.sendall(data[DRIPS:])
            if found.keep and not found.cut and found.framing != "close":
                link.recv(1)  # it keeps the connection whatever it was asked

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


@contextmanager
def nginx(folder: Path) -> Iterator[int]:
    """Debian's nginx, a proxy in front of Python's own server."""
    assert NGINX is not None
    with python() as behind:
        port = free_port()
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
            "events {}\n"
            f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
            f"fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n"
            f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_http_version 1.1; proxy_pass http://127.0.0.1:{behind}; }} }} }}\n"
        )
        process = subprocess.Popen(
            [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL
        )
        try:
            until = time.monotonic() + 20
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert time.monotonic() < until, (folder / "error.log").read_text()
                time.sleep(0.02)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
