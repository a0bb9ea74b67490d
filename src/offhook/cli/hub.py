"""``offhook hub``: run a hub, or get a desk's page address from one that runs."""

import asyncio
import json
from argparse import Namespace
from collections.abc import Callable

from offhook import texts
from offhook.cli.target import Target
from offhook.errors import Unavailable, error_from_json
from offhook.settings.model import everything
from offhook.settings.places import resolve
from offhook.settings.running import Running
from offhook.transport.http import request


def hub(options: Namespace) -> int:
    """``offhook hub [run]`` or ``offhook hub page [EXTENSION]``."""
    return page(options) if options.action == "page" else run(options)


def page(options: Namespace) -> int:
    """Print a new one-time address of a desk's page."""
    target = Target(options.extension or None)
    answer = request("POST", target.url, f"/v1/page-links?desk={target.extension}", target.token, {})
    if "error" in answer:
        raise error_from_json(answer["error"])
    address = target.url + answer["path"]
    print(json.dumps({"desk": target.extension, "page": address}) if options.json else address)
    return 0


def run(options: Namespace) -> int:
    """Run a hub until interrupted."""
    settings = resolve({
        "hub.port": options.port,
        "hub.address": options.address,
        "hub.desks": options.desks,
        "hub.interface": options.interface,
        "hub.directory": options.directory,
        "pop.trigger": options.trigger,
        **{each.name: getattr(options, each.name, None) for each in everything().values() if each.option},
    })  # fmt: skip
    try:
        from offhook.hub.run import run_hub
    except ImportError as error:
        raise Unavailable("part_missing", part=error.name or "") from None

    def ready(here: Running, page_of: Callable[[str], str]) -> None:
        address = page_of(next(iter(here.tokens)))
        if options.json:
            print(json.dumps({"hub": here.url, "page": address, "world": here.world}), flush=True)
        else:
            print(texts.say("cli.hub.running", options.language, url=here.url, page=address), flush=True)

    asyncio.run(run_hub(settings, ready))
    return 0
