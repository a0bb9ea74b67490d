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
    """``offhook simulate [run | asterisk | freeswitch | call | hangup | lift | dial | drop]``."""
    if options.action in ("asterisk", "freeswitch"):
        return asyncio.run(_switch(options))
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


async def _switch(options: Namespace) -> int:
    """Run a pretend switch: its desks answer our commands, customers call, recordings are played."""
    from offhook.testing.exchange import Exchange, Habit
    from offhook.testing.pretend_asterisk import PretendAsterisk
    from offhook.testing.pretend_freeswitch import PretendFreeswitch
    from offhook.testing.server import customers, played

    later = asyncio.get_running_loop().call_later
    desks = extensions(options.desks, "--desks")
    exchange = Exchange({desk: Habit(after_s=1.5) for desk in desks}, later, Habit(after_s=2.0))
    server = PretendAsterisk(exchange) if options.action == "asterisk" else PretendFreeswitch(exchange)
    address = await server.start(options.port)
    account = "offhook / secret" if options.action == "asterisk" else "secret"
    if options.json:
        print(json.dumps({options.action: address}), flush=True)
    else:
        key = "cli.simulate.switch"
        print(
            texts.say(key, options.language, name=options.action, address=address, account=account),
            flush=True,
        )
    work = [played(server, path, options.speed) for path in options.play]
    if options.traffic:
        work.append(customers(exchange, desks, options.traffic, options.talk))
    try:
        await asyncio.gather(*work, asyncio.Event().wait())
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
