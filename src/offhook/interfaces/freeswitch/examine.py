"""What is usually wrong between Offhook and a FreeSWITCH, found by asking it; each fault names file and option."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from offhook.errors import LoginRefused, OffhookError, Refused, SettingsError, Unreachable, some_of
from offhook.interface import Doubt, Seen, Tried
from offhook.interfaces.freeswitch.commands import FreeswitchDialplan, contact
from offhook.switch.plan import Plan
from offhook.transport.connection import Address

NOT_A_SOCKET = ("reply_unreadable", "message_too_long", "switch_silent", "line_lost")


class EventSocket(Protocol):
    """What is examined: a link to a FreeSWITCH's event socket, not open yet."""

    plan: Plan
    dialplan: FreeswitchDialplan
    domain: str
    has_password: bool
    address: Address

    @property
    def fault(self) -> OffhookError | None:
        """What keeps the link down, ``None`` while it is up."""
        ...

    async def open(self) -> None:
        """Come up, or raise what keeps it from that."""
        ...

    async def ask(self, text: str) -> str:
        """Send a command; returns the answer, also a refusal."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...


async def examine(interface: EventSocket, desks: Sequence[str]) -> AsyncIterator[Seen]:
    """Yield what is tried, and what is wrong as errors whose hints name the file and the option to mend."""
    if not interface.has_password:
        yield SettingsError("setting_missing", name="freeswitch.password")
    for lacks in interface.plan.faults("freeswitch", desks):
        yield Doubt(lacks) if lacks.code == "plan_no_outside" else lacks
    if not interface.dialplan.context:
        yield SettingsError("context_missing", setting="freeswitch.context")
    yield Tried("connect", {"address": str(interface.address)})
    fault: OffhookError | None
    try:
        await interface.open()
        fault = interface.fault
    except (LoginRefused, SettingsError) as refused:
        fault = refused
    try:
        if isinstance(fault, LoginRefused):
            yield Tried("login")
        if fault is not None:
            if interface.has_password or fault.code != "setting_missing":
                yield _why_down(interface, fault)
            yield Doubt(Unreachable("esl_rest"))
            return
        yield Tried("login")
        yield Tried("names", {"desks": some_of(desks) or "-"})
        async for seen in _names(interface, desks):
            yield seen
    finally:
        await interface.close()


def _why_down(interface: EventSocket, fault: OffhookError) -> OffhookError:
    address = str(interface.address)
    if isinstance(fault, LoginRefused):
        return LoginRefused("esl_acl" if fault.params.get("user") == "(acl)" else "esl_account")
    if fault.code == "tls_failed":
        return Unreachable("esl_tls", address=address, why=fault.params["why"])
    if fault.code in NOT_A_SOCKET:
        return Unreachable("esl_not_socket", address=address)
    return Unreachable("esl_closed", address=address) if fault.params.get("why") == "ECONNREFUSED" else fault


async def _names(interface: EventSocket, desks: Sequence[str]) -> AsyncIterator[Seen]:
    """Ask whether the configured users and gateways exist."""
    domain = interface.domain
    for desk in desks:
        for device in interface.plan.devices_of(desk):
            if "/" in device:
                continue
            if domain:
                known = await interface.ask(f"user_exists id {device} {domain}")
                if known.strip() == "false":
                    yield SettingsError(
                        "esl_user",
                        interface="freeswitch",
                        device=device,
                        desk=desk,
                        domain=domain,
                    )
                    continue
            if "user_not_registered" in await interface.ask(contact(device, domain)):
                yield Doubt(Refused("device_unregistered", desk=desk, devices=device))
    for gateway in interface.plan.trunks:
        if "invalid gateway" in (await interface.ask(f"sofia status gateway {gateway}")).lower():
            yield SettingsError("esl_gateway", gateway=gateway)
