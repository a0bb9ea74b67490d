"""A hub's whole application for ``getevent.py``: the seed's protocol for many desks, and one constant route beside it.

Nothing happens on its switch. Prints where it is, and serves until it is told to stop.
"""

import asyncio
import json
import secrets
import sys
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from offhook.embed import clock
from offhook.hub.access import Access, loopback_hosts
from offhook.hub.app import make_app
from offhook.hub.divalto import EMPTY, Divalto, Relay, Terms
from offhook.hub.serve import bound, listen
from offhook.hub.store import Store
from offhook.hub.switchboard import Switchboard


async def constant(_request: Request) -> Response:
    """Answer what an empty poll is answered, without looking."""
    return Response(EMPTY, media_type="application/json")


async def main() -> None:
    """Serve ``sys.argv[1]`` desks."""
    desks = [str(2001 + number) for number in range(int(sys.argv[1]))]
    address, port = bound("127.0.0.1", 0)
    access = Access(secrets.token_bytes(32), desks, loopback_hosts(port))
    board = Switchboard(Relay(), desks, Store(None), clock)
    divalto = Divalto(board, access, lambda _desk: ("", ""), Terms(auth="open"), clock)
    await board.start()
    app: Any = make_app(board, access, divalto=divalto)
    app.routed.routes.insert(0, Route("/constant", constant))
    await listen(app, address, port, lambda: print(json.dumps({"port": port}), flush=True), board.watch())


if __name__ == "__main__":
    asyncio.run(main())
