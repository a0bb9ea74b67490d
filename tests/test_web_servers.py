"""Replies of servers that nobody here wrote, however they frame them: the right outcome, one dial, no line lost."""

import asyncio
import itertools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

import servers
from offhook.dialling import Dialled
from offhook.errors import OffhookError
from offhook.interface import Device
from offhook.interfaces.web.about import ABOUT
from offhook.interfaces.web.driver import WebInterface
from offhook.model import Dial, Event, LineBack, LineLost, PopRequested, Ringing
from offhook.settings.given import given
from offhook.transport.web import LONGEST_BODY, Client
from runs import LONG
from servers import ASKED, TOKEN

pytestmark = pytest.mark.slow

SERVERS = ("python", "aiohttp", "uvicorn", "hypercorn", "nginx", "drip")
WHATS = ("token", "dial", "refused", "poll")
AXES: tuple[Sequence[str], ...] = (
    SERVERS,
    ("json", "xml", "text"),
    ("10", "500", "8150", "9000", "65536", str(LONGEST_BODY)),
    ("length", "chunked", "close"),
    ("0", "1"),
    WHATS,
)
Row = tuple[str, ...]


def possible(row: Row) -> bool:
    """Say whether such a reply can be: only old servers end a reply by closing, and that is no connection kept."""
    server, _form, _size, framing, keep, _what = row
    return framing != "close" or (keep == "0" and server in ("python", "nginx", "drip"))


def all_pairs() -> list[Row]:
    """Return rows in which each possible pair of values stands somewhere, each row chosen for the most new ones."""
    rows = [row for row in itertools.product(*AXES) if possible(row)]
    missing = {pair for row in rows for pair in _pairs(row)}
    chosen: list[Row] = []
    while missing:
        best = max(rows, key=lambda row: len(missing & _pairs(row)))
        chosen.append(best)
        missing -= _pairs(best)
    return chosen


def _pairs(row: Row) -> frozenset[tuple[tuple[int, str], tuple[int, str]]]:
    return frozenset(itertools.combinations(enumerate(row), 2))


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """Each server's port; each is started once."""
    with ExitStack() as stack:
        found = {
            "python": stack.enter_context(servers.python()),
            "aiohttp": stack.enter_context(servers.aiohttp_()),
            "uvicorn": stack.enter_context(servers.uvicorn_()),
            "hypercorn": stack.enter_context(servers.hypercorn_()),
            "drip": stack.enter_context(servers.drip()),
        }
        if servers.NGINX is not None:
            found["nginx"] = stack.enter_context(servers.nginx(tmp_path_factory.mktemp("nginx")))
        yield found


COUNT = itertools.count(1)


class Case:
    """A desk's line on one of the servers, whose replies of one kind are as a row says."""

    def __init__(self, ports: dict[str, int], folder: Path, row: Row, **more: str) -> None:
        server, form, size, framing, keep, what = row
        if server not in ports:
            pytest.skip("there is no nginx here: apt-get install nginx-light")
        self.n, self.what = str(next(COUNT)), what
        words = {"form": form, "size": size, "framing": framing, "keep": keep} | more
        asked = {"refused": "dial"}.get(what, what)

        def url(path: str, **own: str) -> str:
            query = "&".join(
                f"{name}={text}" for name, text in ((words if path == asked else {}) | own).items()
            )
            return f"http://127.0.0.1:{ports[server]}/{path}?{query}&n={self.n}"

        text = f"<global>\n<timeout1>0\n<timeout2>20\n<cliktocalldial>\n<url>{url('dial', says='no' if what == 'refused' else 'yes')}&to=$teldest$\n"
        if what == "poll":
            text += f"<cliktocallevent>\n<with_event>1\n<url>{url('poll')}\n<type_return>{form}\n"
        if what == "token":
            text += f"<headers>Authorization=Bearer $token$\n<cliktocalltoken>\n<with_token>1\n<url>{url('token')}\n<type_return>{form}\n"
        path = folder / f"{self.n}.txt"
        path.write_text(text, "utf-8")
        self.line = WebInterface.for_desk("1024", given(ABOUT, {"file": str(path), "timeout_s": "20"}))[0]

    async def outcome(self) -> str:
        """Dial; returns the code of what came of it and a word of its own, ``""`` for accepted."""
        try:
            await self.line.send(Dial(id=self.n, number="0388202020"), Device("1024"), Dialled("0388202020"))
        except OffhookError as error:
            return f"{error.code} {error.params.get('why', '')}".strip()
        return ""

    def asked(self, path: str) -> int:
        """Return how many requests of a kind came."""
        return ASKED.count[self.n, path]

    async def heard(self, last: type[Event]) -> list[type[Event]]:
        """Listen until an event of that type; returns what was heard."""
        found: list[type[Event]] = []
        await self.line.open()
        try:
            async with asyncio.timeout(60):
                async for event in self.line.events():
                    found.append(type(event))
                    if isinstance(event, last):
                        return found
        finally:
            await self.line.close()
        return found


async def judge(ports: dict[str, int], folder: Path, row: Row) -> None:
    case = Case(ports, folder, row)
    if case.what == "poll":
        assert await case.heard(PopRequested) == [LineBack, Ringing, PopRequested], row
        return
    assert await case.outcome() == ("refused_by_server" if case.what == "refused" else ""), row
    assert case.asked("dial") == 1, row
    if case.what == "token":
        assert (case.asked("token"), ASKED.shown[case.n]) == (1, f"Bearer {TOKEN}"), row


@pytest.mark.parametrize("row", all_pairs(), ids="-".join)
async def test_every_pair_of_what_a_reply_may_be(ports: dict[str, int], tmp_path: Path, row: Row) -> None:
    await judge(ports, tmp_path, row)


@pytest.mark.skipif(not LONG, reason="every combination: OFFHOOK_TESTS=long; each pair is tested anyway")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("what", WHATS)
@pytest.mark.parametrize("server", SERVERS)
async def test_every_reply_there_may_be(
    ports: dict[str, int], tmp_path: Path, server: str, what: str
) -> None:
    for row in itertools.product((server,), *AXES[1:-1], (what,)):
        if possible(row):
            await judge(ports, tmp_path, row)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("server", SERVERS)
async def test_a_reply_that_is_cut_is_told_as_cut(
    ports: dict[str, int], tmp_path: Path, server: str, framing: str
) -> None:
    """A token is none then; a dial was accepted, as its status said; a line that gives no events is lost."""
    row = (server, "json", "30000", framing, "0")
    token = Case(ports, tmp_path, (*row, "token"), cut="1")
    assert await token.outcome() == "reply_cut cut"
    assert token.asked("dial") == 0
    dial = Case(ports, tmp_path, (*row, "dial"), cut="1")
    assert (await dial.outcome(), dial.asked("dial")) == ("", 1)
    poll = Case(ports, tmp_path, (*row, "poll"), cut="2")
    assert await poll.heard(PopRequested) == [LineBack, Ringing, LineLost, LineBack, PopRequested]


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("server", SERVERS)
async def test_a_reply_of_five_megabytes_is_refused_at_once(
    ports: dict[str, int], tmp_path: Path, server: str, framing: str
) -> None:
    row = (server, "json", str(5 << 20), framing, "0")
    if not possible((*row, "token")):
        return
    begun = time.monotonic()
    token = Case(ports, tmp_path, (*row, "token"))
    assert (await token.outcome(), token.asked("dial")) == ("reply_cut long", 0)
    dial = Case(ports, tmp_path, (*row, "refused"))
    assert (await dial.outcome(), dial.asked("dial")) == ("", 1), (
        "it was accepted; what it goes on to say is not read"
    )
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "head", [b"Content-Length: 107374182400\r\n", b"Transfer-Encoding: chunked\r\n", b""]
)
def test_of_an_endless_reply_no_more_is_read_than_there_is_room_for(head: bytes) -> None:
    """What the server could send before it was left is what the network's buffers hold, and the limit."""
    sent, over = [0], threading.Event()
    data = b"x" * (1 << 16)
    piece = servers._chunk(data) if b"chunked" in head else data

    def serve() -> None:
        link, _address = listening.accept()
        with link:
            link.recv(1 << 16)
            try:
                link.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
                while True:
                    link.sendall(piece)
                    sent[0] += len(data)
            except OSError:
                over.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        reply = Client().exchange("GET", f"http://127.0.0.1:{listening.getsockname()[1]}/", [])
        assert (reply.fault, len(reply.body)) == ("long", 0 if b"Length" in head else LONGEST_BODY)
        assert over.wait(10)
        assert sent[0] < 16 << 20
