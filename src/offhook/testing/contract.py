"""The suite every interface passes. Subclass it in your tests and say how to open yours::

    class TestMine(InterfaceContract):
        def make(self) -> Interface:
            return MyInterface(address="127.0.0.1:5038")

It needs ``pytest`` with ``pytest-asyncio`` in automatic mode, and a telephone system (real or pretend) at
the other end on which ``device`` exists and ``number`` can be dialled.
"""

import asyncio

from offhook.errors import OffhookError
from offhook.interface import Interface
from offhook.model import COMMANDS, EVENTS, Answer, Dial, Event, LineBack, new_command_id

PATIENCE_S = 10.0


class InterfaceContract:
    """What holds of every interface."""

    device = "1001"
    number = "0388202020"

    def make(self) -> Interface:
        """Return an interface that is not open yet."""
        raise NotImplementedError

    def test_it_says_what_it_can(self) -> None:
        """``accepts`` and ``emits`` are the model's own types, and it has a name."""
        interface = self.make()
        assert interface.name
        assert interface.accepts <= set(COMMANDS.values())
        assert interface.emits <= set(EVENTS.values())
        assert interface.accepts, "an interface that accepts nothing is none"

    def test_it_says_whether_it_can_run(self) -> None:
        """``availability`` opens nothing and names itself."""
        assert type(self.make()).availability().name == self.make().name

    async def test_it_begins_with_the_calls_as_they_are(self) -> None:
        """The first event is a ``LineBack`` with a snapshot."""
        interface = self.make()
        await interface.open()
        try:
            async with asyncio.timeout(PATIENCE_S):
                first = await anext(interface.events())
            assert isinstance(first, LineBack)
            assert first.calls is not None
        finally:
            await interface.close()

    async def test_a_dial_is_heard_of_with_its_cause(self) -> None:
        """An accepted dial brings an event with the command's id as its cause, and only promised types."""
        interface = self.make()
        await interface.open()
        heard: list[Event] = []
        try:
            events = interface.events()
            async with asyncio.timeout(PATIENCE_S):
                await anext(events)
                command = Dial(id=new_command_id(), line=self.device, number=self.number)
                await interface.send(command)
                while not heard or heard[-1].cause != command.id:
                    heard.append(await anext(events))
            assert {type(event) for event in heard} <= interface.emits
            assert all(event.at.tzinfo is not None for event in heard)
        finally:
            await interface.close()

    async def test_what_cannot_be_done_is_an_error(self) -> None:
        """A command on a call that is not there is an ``OffhookError``, never silence."""
        interface = self.make()
        await interface.open()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await anext(interface.events())
                try:
                    await interface.send(Answer(id=new_command_id(), line=self.device, call="no such call"))
                except OffhookError as error:
                    assert error.hint
                else:
                    raise AssertionError("answering a call that is not there was accepted")
        finally:
            await interface.close()

    async def test_closing_ends_the_events_and_may_be_repeated(self) -> None:
        """After ``close`` the events end; a second ``close`` does nothing."""
        interface = self.make()
        await interface.open()
        await interface.close()
        await interface.close()
        async with asyncio.timeout(PATIENCE_S):
            async for _event in interface.events():
                pass
