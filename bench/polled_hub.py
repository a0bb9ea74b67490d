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

from offhook.api.access import Access, loopback_hosts
from offhook.api.app import make_app
from offhook.api.serve import bound, listen
from offhook.board.key import DeskKey
from offhook.board.sqlite import SqliteStore
from offhook.board.switchboard import Switchboard
from offhook.embed import clock
from offhook.hub.divalto import EMPTY, Divalto, Relay, Terms


async def constant(_request: Request) -> Response:
    """Give the answer to an empty poll, without looking."""
    return Response(EMPTY, media_type="application/json")


async def main() -> None:
    """Serve ``sys.argv[1]`` desks."""
    desks = [DeskKey(str(2001 + number)) for number in range(int(sys.argv[1]))]
    made = bound("127.0.0.1", 0)
    port = made.getsockname()[1]
    store = await SqliteStore.opened(None)
    board = Switchboard(store, clock, Relay())
    await board.add(desks)
    access = Access(secrets.token_bytes(32), lambda: board.desks, loopback_hosts(port))
    divalto = Divalto(board, access, lambda _desk: ("", ""), Terms(auth="open"), clock, "FR")
    await board.start()
    app: Any = make_app(board, access, further=[*divalto.routes(), Route("/constant", constant)])
    await listen(app, made, lambda: print(json.dumps({"port": port}), flush=True), board.watch())


if __name__ == "__main__":
    asyncio.run(main())
