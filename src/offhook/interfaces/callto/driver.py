"""The interface ``callto``: a line on which numbers go to a program. It tells nothing back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import ClassVar, Self

from offhook import numbers
from offhook.errors import Unsupported
from offhook.interface import Availability, only
from offhook.interfaces.callto.command import order
from offhook.model import Command, Dial, Dialling, Direction, Event, HandedOver, LineBack, call_id
from offhook.settings.model import SETTINGS
from offhook.transport.launch import launch, opener_error
from offhook.transport.thread import in_thread


class CalltoInterface:
    """Hands numbers to a program. ``setting`` gives settings by name."""

    name: ClassVar[str] = "callto"
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial})
    emits: ClassVar[frozenset[type[Event]]] = frozenset({Dialling, HandedOver, LineBack})
    applies_rules: ClassVar[bool] = False
    per_desk: ClassVar[bool] = True
    settings: ClassVar[Mapping[str, str]] = {
        "command": "callto.command", "verb": "callto.verb", "program": "callto.program", "user": "desk.user",
        "password": "desk.password", "ident": "desk.ident", "country": "country",
    }  # fmt: skip

    def __init__(self, setting: Callable[[str], str], line: str) -> None:
        self._setting = setting
        self._line = line
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()

    @classmethod
    def availability(cls) -> Availability:
        """Say whether this system can open addresses."""
        return Availability(name=cls.name, error=opener_error())

    @classmethod
    def for_desk(cls, extension: str, options: Mapping[str, str]) -> tuple[Self, str]:
        """Return a line for ``extension``. ``options``: ``command``, ``program``, ``user``, … (:attr:`settings`)."""
        given = only(options, *cls.settings)
        values = {name: known.default for name, known in SETTINGS.items()}
        values |= {cls.settings[option]: text for option, text in given.items()} | {
            "desk.extension": extension
        }
        return cls(values.__getitem__, extension), extension

    async def open(self) -> None:
        """There is nothing to open."""
        self._events.put_nowait(LineBack(at=_now(), line=self._line, calls=()))

    async def events(self) -> AsyncIterator[Event]:
        """Yield what was handed over, until closed."""
        while (event := await self._events.get()) is not None:
            yield event

    async def send(self, command: Command) -> None:
        """Launch the program; see :meth:`offhook.interface.Interface.send`."""
        if not isinstance(command, Dial):
            raise Unsupported("not_by_interface", command=type(command).__name__, by=self.name)
        made = order(self._setting, command.number)
        await in_thread(lambda: launch(made.words, is_address=made.is_address, verb=made.verb))
        at = _now()
        call = call_id(at, f"callto {self._line} {command.id}")
        party = numbers.party(command.number, country=self._setting("country"))
        begun = Dialling(
            at=at, line=self._line, call=call, cause=command.id, direction=Direction.CLICK2DIAL, party=party,
            dialled=command.number, record=command.record,
        )  # fmt: skip
        over = HandedOver(
            at=at, line=self._line, call=call, cause=command.id, number=party.number or command.number
        )
        self._events.put_nowait(begun)
        self._events.put_nowait(over)

    async def close(self) -> None:
        """Stop."""
        self._events.put_nowait(None)


def _now() -> datetime:
    return datetime.now(UTC)
