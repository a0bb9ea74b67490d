"""``offhook simulate``: run the pretend exchange, or do there what people do."""

import asyncio
import json
from argparse import Namespace
from typing import Any

from offhook import texts
from offhook.errors import Unavailable
from offhook.interfaces.simulator.pbx import Pbx
from offhook.interfaces.simulator.server import Server, ask, plan
from offhook.settings.model import extensions
from offhook.settings.running import running


def simulate(options: Namespace) -> int:
    """``offhook simulate [run | call | hangup | lift | dial | drop]``."""
    return asyncio.run(_run(options) if options.action == "run" else _act(options))


async def _run(options: Namespace) -> int:
    server = Server(Pbx(plan([(each, f"Poste {each}") for each in extensions(options.desks, "--desks")])))
    address = await server.start(options.port)
    if options.json:
        print(json.dumps({"simulator": address}), flush=True)
    else:
        print(texts.say("cli.simulate.running", options.language, address=address), flush=True)
    if options.traffic:
        server.run_traffic(options.traffic, options.talk)
    try:
        await asyncio.Event().wait()
    finally:
        await server.stop()
    return 0


async def _act(options: Namespace) -> int:
    here = running()
    address = options.at or (here.simulator if here else "")
    if not address:
        raise Unavailable("no_simulator", interface="simulator")
    answer = await ask(address, await _request(options, address))
    print(json.dumps(answer) if options.json else texts.say("cli.simulate.done", options.language))
    return 0


async def _request(options: Namespace, address: str) -> dict[str, Any]:
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
            return {"do": "DialOnPhone", "device": device, "to": options.number}
        case "drop":
            return {"do": "DropLink", "seconds": options.seconds}
        case _:
            found = await ask(address, {"do": "Snapshot"})
            calls = [each["call"] for each in found["connections"] if each["device"] == device]
            return {"do": "FarHangUp", "device": device, "call": calls[0] if calls else ""}
