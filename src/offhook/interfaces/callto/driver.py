"""The interface ``callto``: a line on which numbers go to a program. It tells nothing back."""

import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from offhook import numbers
from offhook.about import About
from offhook.dialling import Dialled
from offhook.errors import OffhookError, Refused, Unavailable, Unsupported, on
from offhook.interface import Availability, Device, Doubt, Seen, Telling, Tried
from offhook.interfaces.callto.about import ABOUT
from offhook.interfaces.callto.cold import ColdProgramDial
from offhook.interfaces.callto.command import order
from offhook.model import (
    Command,
    Dial,
    Dialling,
    Direction,
    Event,
    HandedOver,
    LineBack,
    call_id,
    conversation_id,
)
from offhook.thread import in_thread
from offhook.transport.launch import opener_error, started
from offhook.view import View


class CalltoInterface(Telling):
    """Hands numbers to a program."""

    about: ClassVar[About] = ABOUT
    accepts: ClassVar[frozenset[type[Command]]] = frozenset({Dial})
    emits: ClassVar[frozenset[type[Event]]] = frozenset({Dialling, HandedOver, LineBack})

    def __init__(self, options: View, line: str) -> None:
        super().__init__()
        self._options = options
        self._line = line
        self._cold = ColdProgramDial(options, line)

    @classmethod
    async def availability(cls) -> Availability:
        """Say whether this system can open addresses."""
        with on(ABOUT.name):
            return Availability(ABOUT.name, opener_error())

    @classmethod
    def for_desk(cls, extension: str, options: View) -> tuple[Self, Device]:
        """Return a line for ``extension``."""
        return cls(options, extension), Device(extension)

    async def open(self) -> None:
        """There is nothing to open."""
        self.tell(LineBack(at=_now(), line=self._line, calls=()))

    async def send(self, command: Command, device: Device, dialled: Dialled) -> None:
        """Launch the program; see :meth:`offhook.interface.Interface.send`."""
        if not isinstance(command, Dial):
            raise Unsupported("not_by_interface", command=type(command).__name__, by=ABOUT.name)
        await in_thread(lambda: self._cold.dial(dialled))
        at, native = _now(), f"{self._line} {command.id}"
        facts: dict[str, Any] = {
            "at": at, "line": self._line, "call": call_id(at, native), "cause": command.id,
        }  # fmt: skip
        party = numbers.party(dialled, country=self._options["country"])
        self.tell(
            Dialling(
                **facts,
                direction=Direction.CLICK2DIAL,
                party=party,
                dialled=dialled,
                conversation=conversation_id(native),
                record=command.record,
            ),
            HandedOver(**facts, number=party.number or dialled),
        )

    def preview(self, command: Command, device: Device, dialled: Dialled) -> list[str]:
        """See :meth:`offhook.interface.Interface.preview`."""
        return self._cold.preview(dialled)

    async def examine(self, desks: Sequence[str]) -> AsyncIterator[Seen]:
        """Make the command for a number and look for its program; nothing is started."""
        try:
            with on(ABOUT.name):
                made = order(self._options, self._line, EXAMPLE)
                scheme = made.words[0].partition(":")[0] if made.is_address else ""
                yield Tried("command", {"command": made.shown})
                yield (
                    Tried("handler", {"scheme": scheme})
                    if scheme
                    else Tried("program", {"program": made.words[0]})
                )
                program = await in_thread(lambda: started(made.words, is_address=made.is_address))
                if not program:
                    yield Doubt(Unavailable("callto_unlooked", interface=ABOUT.name, scheme=scheme))
                elif not os.access(program, os.X_OK) and not scheme:
                    raise Unavailable("program_failed", program=program[:80], why="EACCES")
                if "$mdp$" in self._options["command"].lower().replace("$mpd$", "$mdp$"):
                    yield Doubt(Refused("callto_shows_password", interface=ABOUT.name))
        except OffhookError as error:
            yield error

    async def close(self) -> None:
        """Stop."""
        self.end()


EXAMPLE = Dialled("0388202020")
"""The seed's example number."""


def _now() -> datetime:
    return datetime.now(UTC)
