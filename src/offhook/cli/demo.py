"""``offhook demo``: everything at once, to try it."""

import asyncio
import json
import sys
from argparse import Namespace

from offhook import catalogue, texts
from offhook.errors import Unavailable
from offhook.settings.model import OURS
from offhook.settings.places import resolve


def demo(options: Namespace) -> int:
    """Start a pretend exchange, a hub, its desks and a sample directory; print the page's address."""
    try:
        from offhook.demo import Started, run_demo
    except ImportError as error:
        raise Unavailable("part_missing", part=error.name or "") from None

    def ready(started: Started) -> None:
        if options.json:
            print(
                json.dumps({"hub": started.url, "pages": started.pages, "simulator": started.simulator}),
                flush=True,
            )
        else:
            pages = list(started.pages.values())
            print(texts.say("cli.demo.running", options.language, page=pages[0], second=pages[1]), flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(next(iter(started.pages.values())))

    if own := _own_interface():
        print(texts.say("cli.demo.own", options.language, name=own), file=sys.stderr, flush=True)
    asyncio.run(run_demo(options.port, ready))
    return 0


def _own_interface() -> str:
    """Return the interface that this user's settings name, if the first desk telephones with it even in a demo."""
    name = catalogue.canonical(resolve()["interface"])
    said = catalogue.known(name)
    leads_here = name == OURS["hub.interface"].default or (said is not None and said.applies_rules)
    return "" if leads_here else name
