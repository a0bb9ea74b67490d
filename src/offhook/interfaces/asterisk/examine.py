"""What is usually wrong between Offhook and an Asterisk, found by asking it; each fault names file and option."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from offhook.errors import LoginRefused, OffhookError, Refused, SettingsError, Unreachable, some_of
from offhook.interface import Doubt, Seen, Tried
from offhook.interfaces.asterisk.commands import Action, AsteriskDialplan, action, device_state
from offhook.interfaces.asterisk.wire import AmiMessage
from offhook.switch.plan import Plan
from offhook.transport.connection import Address

PROBE = "Custom:offhook-doctor"
"""A device of our own, whose state is set to see whether events come."""
HEARD_S = 1.5
NOT_A_MANAGER = ("reply_unreadable", "message_too_long", "switch_silent", "line_lost")


class Manager(Protocol):
    """What is examined: a link to an Asterisk's manager interface, not open yet."""

    plan: Plan
    dialplan: AsteriskDialplan
    user: str
    address: Address
    overheard: Callable[[AmiMessage], object] | None

    @property
    def fault(self) -> OffhookError | None:
        """What keeps the link down, ``None`` while it is up."""
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


async def examine(interface: Manager, desks: Sequence[str]) -> AsyncIterator[Seen]:
    """Yield what is tried, and what is wrong as errors whose hints name the file and the option to mend."""
    if not interface.user:
        yield SettingsError("setting_missing", name="asterisk.user")
    for lacks in interface.plan.faults("asterisk", desks):
        yield Doubt(lacks) if lacks.code == "plan_no_outside" else lacks
    if not interface.dialplan.context:
        yield SettingsError("context_missing", setting="asterisk.context")
    heard = asyncio.Event()
    interface.overheard = lambda message: heard.set() if message.get("device") == PROBE else None
    yield Tried("connect", {"address": str(interface.address)})
    fault: OffhookError | None
    try:
        await interface.open()
        fault = interface.fault
    except (LoginRefused, SettingsError) as refused:
        fault = refused
    try:
        if isinstance(fault, LoginRefused):
            yield Tried("login", {"user": interface.user})
        if fault is not None:
            if interface.user or fault.code != "setting_missing":
                yield _why_down(interface, fault)
            yield Doubt(Unreachable("ami_rest"))
            return
        yield Tried("login", {"user": interface.user})
        yield Tried("rights")
        async for seen in _rights(interface, heard):
            yield seen
        yield Tried("names", {"context": interface.dialplan.context or "-", "desks": some_of(desks) or "-"})
        async for seen in _names(interface, desks):
            yield seen
    finally:
        await interface.close()


def _why_down(interface: Manager, fault: OffhookError) -> OffhookError:
    address = str(interface.address)
    if isinstance(fault, LoginRefused):
        return LoginRefused("ami_account", user=interface.user)
    if fault.code == "switch_permission":
        return Refused("ami_write", user=interface.user, classes="call", action="Status")
    if fault.code == "tls_failed":
        return Unreachable("ami_tls", address=address, why=fault.params["why"])
    if fault.code in NOT_A_MANAGER:
        silent = interface.address.tls is None and fault.code in ("switch_silent", "line_lost")
        return Unreachable("ami_tls_wanted" if silent else "ami_not_manager", address=address)
    return Unreachable("ami_closed", address=address) if fault.params.get("why") == "ECONNREFUSED" else fault


async def _rights(interface: Manager, heard: asyncio.Event) -> AsyncIterator[Seen]:
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


async def _names(interface: Manager, desks: Sequence[str]) -> AsyncIterator[Seen]:
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
                yield Doubt(Refused("device_unregistered", desk=desk, devices=device))
    for trunk in interface.plan.trunks:
        if _state(await interface.ask(device_state(trunk))) == "INVALID":
            yield SettingsError("ami_trunk", trunk=trunk)


def _state(answer: AmiMessage) -> str:
    return answer.get("value").upper()
