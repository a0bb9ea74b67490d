"""The interface ``web``: one desk's line on a vendor's web API."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import ClassVar, Self

from offhook.errors import LoginRefused, OffhookError, SettingsError, Unsupported
from offhook.interface import Availability, only
from offhook.interfaces.web import wire
from offhook.interfaces.web.calling import Account, Tokens, account
from offhook.interfaces.web.events import EMITS, Meaning, Rules
from offhook.interfaces.web.replies import Item, items
from offhook.model import Command, Dial, Event, LineBack, LineLost
from offhook.settings.layers import home
from offhook.settings.model import SETTINGS
from offhook.settings.shared import web_file
from offhook.transport.backoff import pauses
from offhook.transport.thread import in_thread

LONGEST_PAUSE_S = 30.0

log = logging.getLogger(__name__)
SHARED_TOKENS = Tokens()
"""Desks that show the same request for a token share what they got."""


class WebInterface:
    """A line on the API that a parameter file describes."""

    name: ClassVar[str] = "web"
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial})
    emits: ClassVar[frozenset[type[Event]]] = EMITS | {LineBack, LineLost}
    applies_rules: ClassVar[bool] = False
    per_desk: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {
        **{name.partition(".")[2]: name for name in SETTINGS if name.startswith("web.")},
        **{name.partition(".")[2]: name for name in ("desk.user", "desk.password", "desk.ident")},
        **{name.replace(".", "_"): name for name in SETTINGS if name.startswith("tls.")},
        **{name: name for name in ("shared_folder", "country", "incoming_strip")},
    }

    def __init__(self, dialler: Account, poller: Account, line: str, rules: Rules) -> None:
        self._dialler = dialler
        self._poller = poller
        self._line = line
        self._meaning = Meaning(dialler.file, line, rules)
        self._events: asyncio.Queue[Event | OffhookError | None] = asyncio.Queue()
        self._polling: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    def availability(cls) -> Availability:
        """It needs nothing but this package; which file it follows is a setting."""
        return Availability(name=cls.name)

    @classmethod
    def for_desk(cls, extension: str, options: Mapping[str, str]) -> tuple[Self, str]:
        """Return a line for ``extension``. ``options``: ``file``, ``user``, ``password``, … (:attr:`settings`).

        Raises ``SettingsError`` for a file that is missing or wrong.
        """
        given = only(options, *cls.settings)
        values = {name: known.default for name, known in SETTINGS.items()}
        values |= {cls.settings[option]: text for option, text in given.items()} | {
            "desk.extension": extension
        }
        found = web_file(values.__getitem__, home())
        dialler = account(found, values.__getitem__, home(), SHARED_TOKENS)
        # its own connection and its own trace: what the settings page watches is the dial
        poller = account(found, values.__getitem__, home(), SHARED_TOKENS)
        rules = Rules(
            queue=values["web.events"] == "queue",
            call_max_s=float(values["web.call_max_s"]),
            country=values["country"],
            strip=tuple(values["incoming_strip"].replace(",", " ").split()),
        )
        return cls(dialler, poller, extension, rules), extension

    @property
    def url(self) -> str:
        """Where it dials, as the file says, without a value in it."""
        return self._dialler.file.word("dial", "url")

    def watched(self, told: Callable[[str], None]) -> AbstractContextManager[None]:
        """Tell ``told`` what dialling sends and is answered for the length of a block, secrets masked."""
        return self._dialler.trace.watched(told)

    async def open(self) -> None:
        """Begin to read events, where the file says there are any."""
        if self._dialler.file.on("event", "with_event"):
            self._polling = asyncio.get_running_loop().create_task(self._keep_polling())
            self._polling.add_done_callback(lambda _done: self._events.put_nowait(None))
        else:
            self._tell([LineBack(at=_now(), line=self._line, calls=())])

    async def events(self) -> AsyncIterator[Event]:
        """Yield what happens until closed. Raises where the account is refused or the file cannot be used."""
        while (event := await self._events.get()) is not None:
            if isinstance(event, OffhookError):
                raise event
            yield event

    async def send(self, command: Command) -> None:
        """Dial; see :meth:`offhook.interface.Interface.send`."""
        if not isinstance(command, Dial):
            raise Unsupported("not_by_interface", command=type(command).__name__, by=self.name)
        await in_thread(lambda: self._dialler.dial(command.number))
        self._tell(self._meaning.dialled(command, _now()))

    async def close(self) -> None:
        """Stop reading; a poll under way is ended."""
        if self._closed:
            return
        self._closed = True
        self._poller.client.abort()
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        self._events.put_nowait(None)

    # --- reading events -------------------------------------------------------------------------------

    async def _keep_polling(self) -> None:
        pause_s, patience_s = wire.timing(self._poller.file)
        up: bool | None = None
        waits = pauses(max(pause_s, 0.1), LONGEST_PAUSE_S)
        while True:
            try:
                news = await self._poll(patience_s)
            except (LoginRefused, SettingsError) as error:
                self._events.put_nowait(error)
                return
            except Exception as error:
                if not isinstance(error, OffhookError):
                    log.exception("a reply could not be read")
                if up:
                    why = error.code if isinstance(error, OffhookError) else "reply_unreadable"
                    self._tell([LineLost(at=_now(), line=self._line, why=why)])
                up = False if up is not None else None
                await asyncio.sleep(next(waits))
                continue
            if not up:
                self._tell([LineBack(at=_now(), line=self._line, calls=() if up is None else None)])
                up, waits = True, pauses(max(pause_s, 0.1), LONGEST_PAUSE_S)
            self._tell([*news, *self._meaning.tick(_now())])
            await asyncio.sleep(pause_s)

    async def _poll(self, patience_s: float) -> list[Event]:
        """Ask once; a reply that takes too long is an empty one. Raises what went wrong."""
        found = await in_thread(lambda: self._asked(patience_s))
        return self._meaning.take(found, _now())

    def _asked(self, patience_s: float) -> list[Item]:
        """Poll and read the reply: in a thread, both may take their time."""
        reply = self._poller.poll(patience_s)
        if reply.fault == "late":
            return []
        file = self._poller.file
        return items(
            reply.body,
            reply.headers.get("content-type", ""),
            file.word("event", "type_return").lower(),
            wire.names(file, "event", "tel"),
            wire.names(file, "event", "event"),
            self._meaning.ring,
        )

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            self._events.put_nowait(event)


def _now() -> datetime:
    return datetime.now(UTC)
