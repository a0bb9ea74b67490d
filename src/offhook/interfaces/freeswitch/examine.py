"""What is usually wrong between Offhook and a FreeSWITCH, found by asking it; each fault names file and option."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from offhook.errors import LoginRefused, OffhookError, Refused, SettingsError, Unreachable
from offhook.interfaces.freeswitch.commands import FreeswitchDialplan, contact
from offhook.switch.plan import Plan
from offhook.transport.connection import Address

CLOSED = {
    "switch_unreachable": "esl_closed",
    "tls_failed": "esl_tls",
    "reply_unreadable": "esl_not_socket",
    "message_too_long": "esl_not_socket",
    "switch_silent": "esl_not_socket",
    "line_lost": "esl_not_socket",
}


class EventSocket(Protocol):
    """What is examined: a link to a FreeSWITCH's event socket, not open yet."""

    plan: Plan
    dialplan: FreeswitchDialplan
    domain: str
    address: Address

    @property
    def why_down(self) -> str:
        """The code that says why the link is down, ``""`` while it is up."""
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


async def examine(interface: EventSocket, desks: Sequence[str]) -> AsyncIterator[OffhookError]:
    """Yield what is wrong, as errors whose hints name the file and the option to mend."""
    for missing in interface.plan.faults("freeswitch", desks):
        yield missing
    if not interface.dialplan.context:
        yield SettingsError("context_missing", setting="freeswitch.context")
    try:
        await interface.open()
    except LoginRefused as error:
        yield LoginRefused("esl_acl" if error.params.get("user") == "(acl)" else "esl_account")
        return
    try:
        if interface.why_down:
            code = CLOSED.get(interface.why_down, "esl_closed")
            yield Unreachable(code, address=str(interface.address))
            return
        async for wrong in _names(interface, desks):
            yield wrong
    finally:
        await interface.close()


async def _names(interface: EventSocket, desks: Sequence[str]) -> AsyncIterator[OffhookError]:
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
                yield Refused("device_unregistered", desk=desk, devices=device)
    for gateway in interface.plan.trunks:
        if "invalid gateway" in (await interface.ask(f"sofia status gateway {gateway}")).lower():
            yield SettingsError("esl_gateway", gateway=gateway)
