"""A pretend exchange in a process of its own, for ``deaf.py``: quiet until a line comes, then customers call.

``python bench/exchange.py FIRST DESKS CALLS_S``. Prints its address as a JSON line.
"""

import asyncio
import json
import sys

from offhook.interface import Traffic
from offhook.interfaces.simulator.server import Server

TALK_S = 10


async def main() -> None:
    """Serve until killed."""
    first, desks, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    exchange = Server.of_desks([str(each) for each in range(first, first + desks)])
    print(json.dumps({"simulator": await exchange.start()}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await exchange.live(Traffic(rate, TALK_S))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
