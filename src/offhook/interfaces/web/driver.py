"""The interface ``web``: one desk's line on a vendor's web API."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Self

from offhook.about import About
from offhook.dialling import Dialled
from offhook.errors import LoginRefused, OffhookError, SettingsError, Unreachable, Unsupported, on
from offhook.interface import Availability, Device, Doubt, Seen, Telling, Tried
from offhook.interfaces.web import wire
from offhook.interfaces.web.about import ABOUT
from offhook.interfaces.web.calling import AskedOnce, Tokens, WebAccount, account
from offhook.model import Command, Dial, Event, LineBack, LineLost
from offhook.seed.events import EMITS, Rules, SeedMeaning
from offhook.settings.places import home
from offhook.thread import in_thread
from offhook.transport.backoff import pauses
from offhook.view import View

LONGEST_PAUSE_S = 30.0

log = logging.getLogger(__name__)
SHARED_TOKENS = Tokens()
"""Desks that show the same request for a token share what they got."""


class WebInterface(Telling):
    """A line on the API that a parameter file describes."""

    about: ClassVar[About] = ABOUT
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial})
    emits: ClassVar[frozenset[type[Event]]] = EMITS | {LineBack, LineLost}

    def __init__(self, dialler: WebAccount, poller: WebAccount, line: str, rules: Rules) -> None:
        super().__init__()
        self._dialler = dialler
        self._poller = poller
        self._line = line
        self._meaning = SeedMeaning(dialler.file, line, rules)
        self._polling: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def availability(cls) -> Availability:
        """It needs nothing but this package; which file it follows is a setting."""
        return Availability(ABOUT.name)

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return a line for ``extension``. Raises ``SettingsError`` for a file that is missing or wrong."""
        with on(ABOUT.name):
            dialler = account(options, extension, home(), SHARED_TOKENS)
            # a connection and a trace of its own: the settings page watches only the dial
            poller = account(options, extension, home(), SHARED_TOKENS)
        rules = Rules(
            queue=options["events"] == "queue",
            call_max_s=options.decimal("call_max_s"),
            country=options["country"],
            strip=options.words("incoming_strip"),
        )
        return cls(dialler, poller, extension, rules), Device(extension)

    @property
    def url(self) -> str:
        """Where it dials, as written in the file, with no values filled in."""
        return self._dialler.file.word("dial", "url")

    def watched(self, told: Callable[[str], None]) -> AbstractContextManager[None]:
        """Tell ``told`` what dialling sends and gets back during the block, secrets masked."""
        return self._dialler.trace.watched(told)

    async def open(self) -> None:
        """Begin to read events, where the file says there are any."""
        if self._dialler.file.on("event", "with_event"):
            self._polling = asyncio.get_running_loop().create_task(self._keep_polling())
        else:
            self.tell(LineBack(at=_now(), line=self._line, calls=()))

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Dial; see :meth:`offhook.interface.Interface.send`."""
        if not isinstance(command, Dial):
            raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)
        await in_thread(lambda: self._dialler.dial(dialled))
        self.tell(*self._meaning.dialled(command, dialled, _now()))

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """See :meth:`offhook.interface.Interface.preview`."""
        return self._dialler.shown(dialled)

    async def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """Connect to each server, and get a token where the file asks for one: there is no other login."""
        account = self._dialler
        yield Tried("file", {"file": account.name})
        try:
            with on(ABOUT.name):
                for server, url in account.servers().items():
                    yield Tried("server", {"server": server})
                    await in_thread(partial(account.client.reach, url))
                if account.file.on("token", "with_token"):
                    yield Tried("token")
                    await in_thread(account.try_login)
        except OffhookError as error:
            yield error
        yield Doubt(Unreachable("web_untried", interface=ABOUT.name))

    async def probe(
        self, told: Callable[[str], None], *, events: bool = False, dial: Dialled | None = None
    ) -> None:
        """See :class:`offhook.interface.Probed`."""
        tried = self._dialler._replace(tokens=AskedOnce())
        with on(ABOUT.name), tried.trace.watched(told):
            await in_thread(tried.try_login)
            if dial is not None:
                await in_thread(lambda: tried.dial(dial))
            if events:
                _pause_s, patience_s = wire.timing(tried.file)
                await in_thread(lambda: tried.poll(patience_s))

    async def close(self) -> None:
        """Stop reading; a poll under way is ended."""
        if self._closed:
            return
        self._closed = True
        self._poller.client.abort()
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        self.end()

    # --- reading events -------------------------------------------------------------------------------

    async def _keep_polling(self) -> None:
        pause_s, patience_s = wire.timing(self._poller.file)
        up: bool | None = None
        waits = pauses(max(pause_s, 0.1), LONGEST_PAUSE_S)
        while True:
            try:
                news = await self._poll(patience_s)
            except (LoginRefused, SettingsError) as error:
                self.end(error)
                return
            except Exception as error:
                if not isinstance(error, OffhookError):
                    log.exception("a reply could not be read")
                if up:
                    why = error.code if isinstance(error, OffhookError) else "reply_unreadable"
                    self.tell(LineLost(at=_now(), line=self._line, why=why))
                up = False if up is not None else None
                await asyncio.sleep(next(waits))
                continue
            if not up:
                self.tell(LineBack(at=_now(), line=self._line, calls=() if up is None else None))
                up, waits = True, pauses(max(pause_s, 0.1), LONGEST_PAUSE_S)
            self.tell(*news, *self._meaning.tick(_now()))
            await asyncio.sleep(pause_s)

    async def _poll(self, patience_s: float) -> list[Event]:
        """Ask once; a reply that takes too long is an empty one. Raises what went wrong."""
        found = await in_thread(lambda: self._poller.poll(patience_s))
        return self._meaning.take(found or [], _now(), listed=found is not None)


def _now() -> datetime:
    return datetime.now(UTC)
