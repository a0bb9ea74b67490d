"""Many desks on their streams, in a process of their own, for ``stream.py`` and ``deaf.py``.

Notes for every event how long after the exchange's stamp it was read here. Prints one JSON line when all
are connected, and one with what it noted when told to stop (end of standard input).
"""

import asyncio
import json
import sys
import time
from datetime import datetime
from typing import Any

from websockets.asyncio.client import connect

delays: list[float] = []
rang: dict[str, float] = {}


def stamp(message: dict[str, Any]) -> float:
    """Return when the exchange says the event happened, seconds since 1970."""
    at = message["at"]
    return datetime.fromisoformat(at).timestamp() if isinstance(at, str) else float(at)


async def listen(url: str, desk: str, token: str, ready: asyncio.Semaphore, *, has_page: bool) -> None:
    """One desk: connect, say hello, note what comes."""
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{url.replace('http', 'ws')}/v1/desk?desk={desk}"
    async with connect(
        address, additional_headers=headers, proxy=None, compression=None, ping_interval=None
    ) as socket:
        await socket.send('{"hello":{"version":"2.0"}}')
        await socket.recv()
        ready.release()
        async for data in socket:
            read = time.time()
            message = json.loads(data)
            # what the hub found out itself (contacts) carries the hub's stamp: only the exchange's are counted
            if "at" not in message or "contacts" in message:
                continue
            delays.append(read - stamp(message))
            if has_page and message.get("event") == "Ringing":
                rang[message["call"]] = stamp(message)


async def main() -> None:
    """Connect everybody, then wait for the end of standard input."""
    order = json.loads(sys.stdin.readline())
    ready = asyncio.Semaphore(0)
    tasks = []
    for desk, token in order["desks"].items():
        tasks.append(
            asyncio.create_task(listen(order["url"], desk, token, ready, has_page=desk == order["page"]))
        )
        await ready.acquire()
    print(json.dumps({"connected": len(tasks)}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    delays.clear()
    print(json.dumps({"begun": True}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    print(json.dumps({"delays": delays, "rang": rang}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
