"""``offhook simulate``: run a pretend telephone system, or do there what people do."""

import asyncio
import json
from argparse import Namespace
from typing import Any

from offhook import catalogue, texts
from offhook.errors import CommandError, Unavailable
from offhook.interface import Acted, Traffic
from offhook.settings.kinds import extensions
from offhook.settings.model import OURS
from offhook.settings.running import running

USUAL = OURS["hub.interface"].default
"""The interface whose pretend telephone system is run where none is named."""


def simulate(options: Namespace) -> int:
    """``offhook simulate [run | INTERFACE | call | hangup | lift | dial | drop]``."""
    if options.action in ("run", *pretenders()):
        return asyncio.run(_run(options, USUAL if options.action == "run" else options.action))
    return asyncio.run(_act(options))


def pretenders() -> list[str]:
    """Return the interfaces that have a pretend telephone system."""
    return [
        name for name in catalogue.abouts() if (said := catalogue.known(name)) is not None and said.pretend
    ]


async def _run(options: Namespace, name: str) -> int:
    """Run one: its desks answer our commands, customers call, recordings are played."""
    said = catalogue.about(name)
    made = catalogue.part(said, said.pretend).of_desks(extensions(options.desks, "--desks"))
    address = await made.start(options.port)
    if options.json:
        print(json.dumps({name: address}), flush=True)
    else:
        key = "cli.simulate.switch" if made.account else "cli.simulate.running"
        words = {
            "name": texts.say(f"{name}/name", options.language),
            "address": address,
            "account": made.account,
        }
        print(texts.say(key, options.language, **words), flush=True)
    traffic = Traffic(options.traffic, options.talk, tuple(options.play), options.speed)
    try:
        await asyncio.gather(made.live(traffic), asyncio.Event().wait())
    finally:
        await made.stop()
    return 0


async def _act(options: Namespace) -> int:
    said, here = catalogue.about(USUAL), running()
    pretend: Acted = catalogue.part(said, said.pretend)
    address = options.at or (here.world if here else "")
    if not address:
        raise Unavailable("no_world", interface=said.name)
    answer = await pretend.ask(address, await _request(options, pretend, address))
    print(json.dumps(answer) if options.json else texts.say("cli.simulate.done", options.language))
    return 0


async def _request(options: Namespace, pretend: Acted, address: str) -> dict[str, Any]:
    device = options.extension
    match options.action:
        case "call":
            return {
                "do": "Incoming", "to": device, "number": options.number, "name": options.name,
                "late_name": options.late_name,
            }  # fmt: skip
        case "lift":
            return {"do": "LiftHandset", "device": device}
        case "dial":
            if not options.number:
                raise CommandError(
                    "value_missing", command="offhook simulate dial", missing=f"{device} NUMBER"
                )
            return {"do": "DialOnPhone", "device": device, "to": options.number}
        case "drop":
            return {"do": "DropLink", "seconds": options.seconds}
        case _:
            found = await pretend.ask(address, {"do": "Snapshot"})
            calls = [
                each["call"] for each in found["connections"] if each["device"] == device and each["outside"]
            ]
            return {"do": "FarHangUp", "device": device, "call": calls[0] if calls else ""}
