"""The named baseline of ``stream.py``: the least a hub could do.

Reads the exchange's link and passes each line on to the WebSocket of the device it names. No call table, no
identification, no store, no login: what a hub adds to this is its price.
"""

import asyncio
import json
import sys

from websockets.asyncio.server import ServerConnection, serve

SOCKETS: dict[str, ServerConnection] = {}


async def desk(socket: ServerConnection) -> None:
    """Keep a desk's socket until it leaves."""
    assert socket.request is not None  # noqa: S101 - set before the handler runs
    name = socket.request.path.partition("desk=")[2]
    SOCKETS[name] = socket
    await socket.recv()
    await socket.send('{"welcome":{}}')
    await socket.wait_closed()


async def main() -> None:
    """Serve until killed."""
    host, _colon, port = sys.argv[1].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
    writer.write(b'{"do":"MonitorStart","id":0}\n')
    await reader.readline()
    async with serve(desk, "127.0.0.1", int(sys.argv[2]), compression=None) as server:
        print(json.dumps({"hub": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
        while line := await reader.readline():
            socket = SOCKETS.get(json.loads(line)["device"])
            if socket is not None:
                await socket.send(line.decode())


if __name__ == "__main__":
    asyncio.run(main())
