"""``offhook demo``: everything at once, to try it."""

import asyncio
import json
from argparse import Namespace

from offhook import texts
from offhook.errors import Unavailable


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

    asyncio.run(run_demo(options.port, ready))
    return 0
