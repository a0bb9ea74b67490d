"""The seed's own protocol, so that an unmodified ``clicktocall_param.txt`` works (specification section 11).

=====================================================  ==================================================
``POST /DhDivaltoServerCTI/api/cti/setevent``          ``cmdevent`` ``DIAL`` or nothing: call ``tel`` for the
..                                                     desk ``telorg``; ``RING POPUP CONNECT HANGUP``: hand
..                                                     that desk the event, also by ``GET``
``GET /DhDivaltoServerCTI/api/cti/getevent``           the desk's oldest waiting event, or an empty one;
..                                                     ``wait=S`` holds
``GET /DhDivaltoServerCTI/api/cti/gettoken``           a token
=====================================================  ==================================================

The parameters stand in the address, a form or a JSON object: telephones send their action URLs so. What the switch
rings, connects, pops and ends at a desk waits here, too. An event whose reader left before
getting it stays; one that was handed out is handed out once more, under its id, if no next poll came for a
while.
"""

import asyncio
import base64
import binascii
import functools
import hmac
import ipaddress
import itertools
import json
import math
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from offhook.about import About
from offhook.api.access import Access
from offhook.board.key import DeskKey
from offhook.board.switchboard import Switchboard
from offhook.codec import dumps
from offhook.desk import Desk
from offhook.dialling import Dialled
from offhook.errors import CommandError, LoginRefused, OffhookError, Refused, SettingsError
from offhook.ids import new_command_id
from offhook.interface import Availability, Device, Seen, Telling, nothing_wrong
from offhook.line import Clock, Line
from offhook.model import (
    Call,
    Command,
    Connected,
    Dial,
    Ended,
    Event,
    HandedOver,
    LineBack,
    News,
    PopRequested,
    Ringing,
    State,
    cleaned,
)
from offhook.seed import parameters
from offhook.seed.events import EMITS, Rules, SeedMeaning
from offhook.seed.replies import Item
from offhook.thread import in_thread
from offhook.view import View

PATH = "/DhDivaltoServerCTI/api/cti"
USE = "divalto"
"""What the protocol's tokens are for."""
TOKEN_S = 3600
HANDED = ("RING", "POPUP", "CONNECT", "HANGUP")
WAITING_MOST = 100
"""Events kept for a desk that does not fetch them."""
WAITING_S = 60.0
"""How long an event waits: a ring of an hour ago is no news."""
CONFIRMED_S = 10.0
"""A next poll within this time means that the last reply arrived."""
HOLD_MOST_S = 60.0
AGAIN_S = 10.0
"""The same number rung again so soon is the same ring: telephones repeat themselves."""
RING_MAX_S = 300.0
"""How long a call rings of which nothing more is told: many telephones tell only that they ring."""
LOOKED_AFTER_S = 5.0
"""How often calls are looked through for those."""
LONGEST_BODY = 1 << 16
INDEXED_S = 10.0
"""How long a user and password nobody has are taken for wrong, before every desk's are looked at again."""
STATUS = {2: 400, 3: 409, 4: 409, 5: 422, 6: 409, 7: 504, 8: 400}
"""HTTP status for each error's exit code: 401 and 403 are about the account, 5xx: it may have been done."""
EMPTY = b'{"event":"","tel":""}'


@dataclass(slots=True)
class Waiting:
    """What waits for one desk. ``handed`` is the last event handed out, until the next poll comes."""

    events: deque[tuple[float, bytes]] = field(default_factory=deque)
    handed: tuple[float, bytes] | None = None

    more: asyncio.Event = field(default_factory=asyncio.Event)
    poll: int = 0


@dataclass(frozen=True, slots=True)
class Served:
    """What is kept for a desk, for as long as the board has that desk."""

    line: Line
    meaning: SeedMeaning
    waiting: Waiting = field(default_factory=Waiting)


class Relay(Telling):
    """The interface for what comes in over this protocol: it tells, and takes no commands."""

    about: ClassVar[About] = About("divalto")
    accepts: ClassVar[frozenset[type[Command]]] = frozenset()
    emits: ClassVar[frozenset[type[Event]]] = EMITS | {LineBack}

    @classmethod
    async def availability(cls) -> Availability:
        """It is part of the hub."""
        return Availability(cls.about.name)

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return one."""
        return cls(), Device(extension)

    async def open(self) -> None:
        """There is nothing to open."""

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Nothing can be asked of it."""
        raise Refused("refused_by_switch", why="operationNotSupported")

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """Nothing would be sent."""
        return []

    def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """There is nothing to look at."""
        return nothing_wrong()

    async def close(self) -> None:
        """Release whoever reads it."""
        self.end()


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may use the protocol, and how long a poll is held: ``hub.divalto_…``."""

    auth: str = "token"
    hold_s: float = 0.0
    networks: tuple[str, ...] = ()


Account = Callable[[DeskKey], tuple[str, str]]
"""Gives a desk's user and password; it may read them from a disk."""


class AccountIndex:
    """Finds the desk whose user and password somebody shows, without looking at every desk each time.

    Every desk's account is looked at in one go, in a thread, when one is shown that is not known, and not again within
    :data:`INDEXED_S`. What is found is a hint only: that desk's account is read when it counts.
    """

    def __init__(self, board: Switchboard, account: Account, access: Access) -> None:
        self._board = board
        self._account_of = account
        self._access = access
        self._secret = os.urandom(32)
        self._desk_of: dict[bytes, DeskKey] = {}
        self._looked_at = -math.inf
        self._looking = asyncio.Lock()

    async def desk(self, shown: str) -> DeskKey | None:
        """Return the desk whose ``user:password`` is shown; of several, the board's first."""
        digest = self._digest(shown)
        key = self._desk_of.get(digest)
        if key is None or not await self.is_of(key, shown):
            await self._look_at_all()
            key = self._desk_of.get(digest)
            if key is None or not await self.is_of(key, shown):
                return None
        return key

    async def is_of(self, key: DeskKey, shown: str) -> bool:
        """Say whether that is a desk's ``user:password``; a desk without a password has none, nor one not there."""
        if key not in self._board.desks:
            return False
        right = await in_thread(functools.partial(self._right, key))
        return bool(right) and self._access.same(shown, right)

    def _right(self, key: DeskKey) -> str:
        user, password = self._account_of(key)
        return f"{user or key.extension}:{password}" if password else ""

    async def _look_at_all(self) -> None:
        async with self._looking:
            if time.monotonic() - self._looked_at >= INDEXED_S:
                self._desk_of = await in_thread(functools.partial(self._found, list(self._board.desks)))
                self._looked_at = time.monotonic()

    def _found(self, keys: Sequence[DeskKey]) -> dict[bytes, DeskKey]:
        found: dict[bytes, DeskKey] = {}
        for key in keys:
            right = self._right(key)
            if right:
                found.setdefault(self._digest(right), key)
        return found

    def _digest(self, shown: str) -> bytes:
        return hmac.digest(self._secret, shown.encode("utf-8", "replace"), "sha256")


class Divalto:
    """The protocol's routes and what waits for each desk."""

    def __init__(
        self,
        board: Switchboard,
        access: Access,
        account: Account,
        terms: Terms,
        clock: Clock,
        country: str,
    ) -> None:
        self._board = board
        self._access = access
        self._accounts = AccountIndex(board, account, access)
        self._terms = terms
        self._clock = clock
        self._country = country
        self._networks = _networks(terms.networks)
        self._ids = itertools.count(1)
        self._boot = os.urandom(4).hex()
        self._handing = False
        self._relay = Relay()
        self._serves: WeakKeyDictionary[Desk, Served] = WeakKeyDictionary()
        for key in board.desks:
            self._take_up(key)

    def _take_up(self, key: DeskKey) -> Served:
        """Give a desk its queue, and a line on which it is told what comes in."""
        rules = Rules(queue=True, country=self._country, again_s=AGAIN_S, ring_max_s=RING_MAX_S)
        line = Line(self._relay, key.extension, self._clock, name=f"{key}/{self._relay.about.name}")
        served = Served(line, SeedMeaning(parameters.read(b"<global>"), line.name, rules))
        self._board.add_line(key, line)
        served.meaning.restore(line.table.calls, self._clock())
        desk = self._board.desk(key)
        desk.on_news(self._noting(served.waiting))
        self._serves[desk] = served
        return served

    def _served(self, key: DeskKey) -> Served:
        """Return what is kept for a desk. One that came while the hub runs begins with what rings there now.

        Raises ``SettingsError`` for a desk that is not here.
        """
        desk = self._board.desk(key)
        known = self._serves.get(desk)
        if known is not None:
            return known
        served = self._take_up(key)
        for call in desk.calls:
            if call.state is State.ALERTING:
                self._queue(served.waiting, "RING", _number_of(call))
        return served

    def routes(self) -> list[BaseRoute]:
        """Return the protocol's routes."""
        return [
            Route(f"{PATH}/getevent", self.get_event),
            Route(f"{PATH}/setevent", self.set_event, methods=["GET", "POST", "PUT"]),
            Route(f"{PATH}/gettoken", self.get_token, methods=["GET", "POST"]),
        ]

    async def watch(self) -> None:
        """End the calls of which nothing more is told, until cancelled."""
        while True:
            await asyncio.sleep(LOOKED_AFTER_S)
            for desk, served in [each for each in self._serves.items() if each[1].meaning.busy]:
                for event in served.meaning.tick(self._clock()):
                    desk.receive(served.line, served.line.receive(event))

    # --- routes ---------------------------------------------------------------------------------------

    async def get_event(self, request: Request) -> Response:
        """Hand the desk its oldest waiting event."""
        if request.method == "HEAD":
            return Response(EMPTY, media_type="application/json")
        try:
            asked = dict(parse_qsl(request.scope["query_string"].decode("latin-1")))
            key = await self._desk(request, asked)
            hold_s = _seconds(asked.get("wait", ""), self._terms.hold_s)
            body = await self._next(key, hold_s, request)
        except OffhookError as error:
            return _refused(error)
        return Response(body, media_type="application/json")

    async def set_event(self, request: Request) -> Response:
        """Place a call for the desk, or hand it an event.

        Never a call by ``GET``: whoever loads an address once more, or looks what is behind it, would place it again.
        """
        if request.method == "HEAD":
            return Response(EMPTY, media_type="application/json")
        try:
            asked = await _asked(request)
            key = await self._desk(request, asked)
            word = asked.get("cmdevent", "").strip().upper()
            number = cleaned(asked.get("tel", ""))
            if word in ("", "DIAL"):
                if request.method == "GET":
                    raise CommandError("dial_by_get")
                command = Dial(id=new_command_id(), number=number)
                done_as = await self._board.desk(key).send(command)
                await self._board.settled()
                return JSONResponse({"result": "OK", "command": done_as})
            if word not in HANDED:
                raise CommandError("command_unreadable", field="cmdevent")
            self._hand(key, word, number)
        except OffhookError as error:
            return _refused(error)
        return JSONResponse({"result": "OK"})

    async def get_token(self, request: Request) -> Response:
        """Give a token: to anybody near with ``open``, else for an account."""
        try:
            if self._terms.auth == "open":
                self._check_near(request)
                key = next(iter(self._board.desks))
            else:
                key = await self._account(request, (await _asked(request)).get("telorg", ""))
        except OffhookError as error:
            return _refused(error)
        token = self._access.timed_token(key, USE, TOKEN_S)
        return JSONResponse({"token": token, "expires_in": TOKEN_S})

    # --- who asks -------------------------------------------------------------------------------------

    async def _desk(self, request: Request, asked: Mapping[str, str]) -> DeskKey:
        """Return the desk asked for, if the asker may. Raises ``LoginRefused`` and ``SettingsError``."""
        wanted = asked.get("telorg") or asked.get("ident", "")
        match self._terms.auth:
            case "open":
                self._check_near(request)
                key = DeskKey(wanted)
            case "basic":
                key = await self._account(request, wanted)
            case _:
                key = _same(wanted, self._access.timed_desk(_token(request, asked), USE))
        self._served(key)
        return key

    def _check_near(self, request: Request) -> None:
        address = request.client.host if request.client else ""
        if address in ("127.0.0.1", "::1"):
            return
        try:
            near = any(ipaddress.ip_address(address) in network for network in self._networks)
        except ValueError:
            near = False
        if not near:
            raise LoginRefused("login_refused")

    async def _account(self, request: Request, wanted: str) -> DeskKey:
        """Return the desk whose user and password these are, ``wanted`` if one is. Raises ``LoginRefused``."""
        shown = _shown(request)
        key = DeskKey(wanted) if wanted else await self._accounts.desk(shown)
        if key is None or (wanted and not await self._accounts.is_of(key, shown)):
            raise LoginRefused("login_refused")
        return key

    # --- events ---------------------------------------------------------------------------------------

    def _hand(self, key: DeskKey, word: str, number: str) -> None:
        """Hand a desk an event: to whoever polls for it, and to its page. A ring told again is no news."""
        served = self._served(key)
        line = served.line
        events = served.meaning.take([Item(number, word)], self._clock())
        try:
            for event in events:
                # what is handed to the desk must not be handed out a second time; what it ends is told
                self._handing = word == "HANGUP" or not isinstance(event, Ended)
                self._board.desk(key).receive(line, line.receive(event))
        finally:
            self._handing = False
        if events or word != "RING":
            self._queue(served.waiting, word, number)

    def _noting(self, waiting: Waiting) -> Callable[[News], None]:
        """Return a listener that queues a desk's own incoming calls for whoever polls."""

        def note(news: News) -> None:
            event, call = news
            if self._handing or (call is not None and not call.rang):
                return
            number = _number_of(call)
            match event:
                case Ringing():
                    self._queue(waiting, "RING", number)
                case Connected():
                    self._queue(waiting, "CONNECT", number)
                case PopRequested():
                    self._queue(waiting, "POPUP", number or event.number)
                case Ended() | HandedOver():
                    self._queue(waiting, "HANGUP", number)

        return note

    def _queue(self, waiting: Waiting, word: str, number: str) -> None:
        told = {
            "id": f"{self._boot}-{next(self._ids)}",
            "event": word,
            "tel": number,
            "at": self._clock().isoformat(),
        }
        waiting.events.append((time.monotonic(), dumps(told).encode()))
        while len(waiting.events) > WAITING_MOST:
            waiting.events.popleft()
        waiting.more.set()

    async def _next(self, key: DeskKey, hold_s: float, request: Request) -> bytes:
        """Return the oldest waiting event, holding the poll if asked; an older held poll is released."""
        waiting = self._served(key).waiting
        waiting.poll += 1
        mine = waiting.poll
        again = _once_more(waiting)
        if again is not None:
            return again
        if not waiting.events and hold_s:
            waiting.more.set()  # releases an older poll of this desk
            waiting.more = asyncio.Event()
            if await _left(request, waiting.more, hold_s) or waiting.poll != mine:
                return EMPTY  # nobody reads this any more
        return _oldest(waiting)


def _number_of(call: Call | None) -> str:
    return (call.party.raw or call.party.number) if call is not None else ""


def _same(wanted: str, own: DeskKey) -> DeskKey:
    """Return the asker's own desk, if that is the one wanted. Raises ``LoginRefused``."""
    if wanted not in ("", own.extension):
        raise LoginRefused("login_refused")
    return own


async def _left(request: Request, more: asyncio.Event, hold_s: float) -> bool:
    """Wait until there is more, the time is up, or the asker has left; says whether it has left."""
    await request.body()  # all that can still be heard of the request is that its sender has gone
    gone, there = asyncio.ensure_future(request.receive()), asyncio.ensure_future(more.wait())
    try:
        await asyncio.wait((gone, there), timeout=hold_s, return_when=asyncio.FIRST_COMPLETED)
        if there.done() and not gone.done():
            await asyncio.sleep(0)  # an asker who left at the same moment is noticed now
        return gone.done()
    finally:
        gone.cancel()
        there.cancel()


def _once_more(waiting: Waiting) -> bytes | None:
    """Return the last event handed out, if no poll came for so long that its reply may have been lost."""
    if waiting.handed is None:
        return None
    at, body = waiting.handed
    waiting.handed = None
    return body if time.monotonic() - at > CONFIRMED_S else None


def _oldest(waiting: Waiting) -> bytes:
    now = time.monotonic()
    while waiting.events:
        at, body = waiting.events.popleft()
        if now - at <= WAITING_S:
            waiting.handed = (now, body)
            return body
    return EMPTY


async def _asked(request: Request) -> dict[str, str]:
    """Return a request's parameters: from its address, a form or a JSON object. Raises ``CommandError``."""
    asked = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    if request.method in ("POST", "PUT"):
        data = b""
        async for chunk in request.stream():
            data += chunk
            if len(data) > LONGEST_BODY:
                raise CommandError("command_unreadable", field="data")
        asked = _fields(data.decode("utf-8", "replace").removeprefix("\ufeff")) | asked
    return asked


def _fields(text: str) -> dict[str, str]:
    """Return what a body holds: a JSON object or a form, whatever it is labelled. Raises ``CommandError``."""
    if not text.lstrip().startswith("{"):
        return dict(parse_qsl(text.strip(), keep_blank_values=True))
    try:
        found = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        raise CommandError("command_unreadable", field="data") from None
    return {name: str(value) for name, value in found.items() if isinstance(value, str | int)}


def _shown(request: Request) -> str:
    """Return the ``user:password`` shown in a header. Raises ``LoginRefused``."""
    shown = request.headers.get("authorization", "") or request.headers.get("authentification", "")
    scheme, _blank, coded = shown.strip().rpartition(" ")
    if scheme.lower() not in ("", "basic"):
        raise LoginRefused("login_refused")
    try:
        return base64.b64decode(coded, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise LoginRefused("login_refused") from None


def _token(request: Request, asked: Mapping[str, str]) -> str:
    """Return the token shown: as a bearer, in a header of its own, or in the address."""
    headers = request.headers
    shown = headers.get("authorization", "")
    if shown[:7].lower() == "bearer ":
        return shown[7:].strip()
    return (
        headers.get("x-auth-token")
        or headers.get("token")
        or headers.get("authentification")
        or asked.get("token", "")
    )


def _seconds(text: str, usual: float) -> float:
    try:
        asked = float(text) if text else usual
    except ValueError:
        asked = usual
    return min(max(asked, 0.0), HOLD_MOST_S) if math.isfinite(asked) else 0.0


def _networks(names: Iterable[str]) -> list[Any]:
    found = []
    for name in names:
        try:
            found.append(ipaddress.ip_network(name, strict=False))
        except ValueError:
            where = "hub.divalto_networks"
            raise SettingsError(
                "setting_unreadable", name=where, where=where, wanted="network", value=name[:40]
            ) from None
    return found


def _refused(error: OffhookError) -> Response:
    status = 401 if isinstance(error, LoginRefused) else STATUS[error.exit_code]
    headers = {"WWW-Authenticate": 'Basic realm="Offhook"'} if status == 401 else None
    words = {"text": error.text(), "hint": error.hint}
    return JSONResponse({"result": "ERROR", "error": error.to_json() | words}, status, headers)
