"""What is usually wrong between Offhook and an Asterisk, found by asking it; each fault names file and option."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from offhook.errors import LoginRefused, OffhookError, Refused, SettingsError, Unreachable
from offhook.interfaces.asterisk.commands import Action, AsteriskDialplan, action, device_state
from offhook.interfaces.asterisk.wire import AmiMessage
from offhook.switch.plan import Plan
from offhook.transport.connection import Address

PROBE = "Custom:offhook-doctor"
"""A device of our own, whose state is set to see whether events come."""
HEARD_S = 1.5
CLOSED = {
    "switch_unreachable": "ami_closed",
    "tls_failed": "ami_tls",
    "reply_unreadable": "ami_not_manager",
    "message_too_long": "ami_not_manager",
    "switch_silent": "ami_not_manager",
    "line_lost": "ami_not_manager",
}


class Manager(Protocol):
    """What is examined: a link to an Asterisk's manager interface, not open yet."""

    plan: Plan
    dialplan: AsteriskDialplan
    user: str
    address: Address
    overheard: Callable[[AmiMessage], object] | None

    @property
    def why_down(self) -> str:
        """The code that says why the link is down, ``""`` while it is up."""
        ...

    async def open(self) -> None:
        """Come up, or raise what keeps it from that."""
        ...

    async def ask(self, what: Action) -> AmiMessage:
        """Send an action; returns the answer, also a refusal."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...


async def examine(interface: Manager, desks: Sequence[str]) -> AsyncIterator[OffhookError]:
    """Yield what is wrong, as errors whose hints name the file and the option to mend."""
    for missing in interface.plan.faults("asterisk", desks):
        yield missing
    if not interface.dialplan.context:
        yield SettingsError("context_missing", setting="asterisk.context")
    heard = asyncio.Event()
    interface.overheard = lambda message: heard.set() if message.get("device") == PROBE else None
    try:
        await interface.open()
    except LoginRefused:
        yield LoginRefused("ami_account", user=interface.user)
        return
    try:
        if interface.why_down:
            yield _why_down(interface)
            return
        async for wrong in _rights(interface, heard):
            yield wrong
        async for wrong in _names(interface, desks):
            yield wrong
    finally:
        await interface.close()


def _why_down(interface: Manager) -> OffhookError:
    why, address = interface.why_down, str(interface.address)
    if why == "switch_permission":
        return Refused("ami_write", user=interface.user, classes="call", action="Status")
    code = CLOSED.get(why, "ami_closed")
    if code == "ami_not_manager" and interface.address.tls is None and why in ("switch_silent", "line_lost"):
        return Unreachable("ami_tls_wanted", address=address)
    return Unreachable(code, address=address)


async def _rights(interface: Manager, heard: asyncio.Event) -> AsyncIterator[OffhookError]:
    """Try what the account may do, without doing anything."""
    tries = [("originate", action("Originate")), ("call", action("Hangup", Channel="none"))]
    if interface.dialplan.phone_control:
        tries.append(("system", action("PJSIPNotify", Channel="none", Variable="Event=talk")))
    for classes, what in tries:
        answer = await interface.ask(what)
        if "permission denied" in answer.get("message").lower():
            yield Refused("ami_write", user=interface.user, classes=classes, action=what.name)
    for state in ("INUSE", "NOT_INUSE"):
        await interface.ask(action("Setvar", Variable=f"DEVICE_STATE({PROBE})", Value=state))
    try:
        async with asyncio.timeout(HEARD_S):
            await heard.wait()
    except TimeoutError:
        yield Refused("ami_read", user=interface.user)


async def _names(interface: Manager, desks: Sequence[str]) -> AsyncIterator[OffhookError]:
    """Ask whether the configured context, devices and trunks exist."""
    context = interface.dialplan.context
    if context:
        answer = await interface.ask(action("Getvar", Variable=f"DIALPLAN_EXISTS({context})"))
        if answer.get("value") == "0":
            yield SettingsError("ami_context", context=context)
    for desk in desks:
        for device in interface.plan.devices_of(desk):
            state = _state(await interface.ask(device_state(device)))
            if state == "INVALID":
                yield SettingsError("ami_device", device=device, desk=desk)
            elif state == "UNAVAILABLE":
                yield Refused("device_unregistered", desk=desk, devices=device)
    for trunk in interface.plan.trunks:
        if _state(await interface.ask(device_state(trunk))) == "INVALID":
            yield SettingsError("ami_trunk", trunk=trunk)


def _state(answer: AmiMessage) -> str:
    return answer.get("value").upper()
