"""``offhook agent``: run this user's own board."""

import asyncio
import json
from argparse import Namespace
from collections.abc import Callable

from offhook import texts
from offhook.errors import Unavailable
from offhook.settings.places import resolve
from offhook.settings.running import Running


def agent(options: Namespace) -> int:
    """``offhook agent [run]``: until interrupted."""
    settings = resolve({"interface": options.interface, "desk.extension": options.desk})
    try:
        from offhook.agent.run import run_agent
    except ImportError as error:
        raise Unavailable("part_missing", part=error.name or "") from None

    def ready(here: Running, page_of: Callable[[str], str]) -> None:
        address = page_of(next(iter(here.tokens)))
        if options.json:
            print(json.dumps({"agent": here.url, "page": address}), flush=True)
        else:
            print(texts.say("cli.agent.running", options.language, url=here.url, page=address), flush=True)

    asyncio.run(run_agent(settings, ready))
    return 0
