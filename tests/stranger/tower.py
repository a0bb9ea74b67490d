"""The bell tower, pretended on a socket: what the stranger's interface is tried against."""

import asyncio
import contextlib
import itertools
import sys
from dataclasses import dataclass

PASSWORD = "ding-dong"
CRACKED = "0399999999"


@dataclass
class Ring:
    """A call in the tower."""

    native: str
    device: str
    way: str
    number: str
    state: str


class Tower:
    """Answers on the loopback; ``split`` sends every byte by itself."""

    def __init__(self, *, split: bool = False) -> None:
        self.calls: dict[str, Ring] = {}
        self.asked: list[str] = []
        self.writers: dict[asyncio.StreamWriter, str] = {}
        self._natives = itertools.count(1)
        self._split = split
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> str:
        """Listen, unless it does already; returns where."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        await asyncio.sleep(0.05)

    def cut(self) -> None:
        for writer in list(self.writers):
            writer.transport.abort()

    def say(self, data: bytes) -> None:
        for writer in self.writers:
            writer.write(data)

    def incoming(self, device: str, number: str) -> Ring:
        ring = Ring(f"n{next(self._natives)}", device, "in", number, "ring")
        self.calls[ring.native] = ring
        self._tell(device, f"NEW {ring.native} in {number}")
        return ring

    def end(self, ring: Ring, why: str = "bye") -> None:
        if self.calls.pop(ring.native, None) is not None:
            self._tell(ring.device, f"DOWN {ring.native} {why}")

    def hang_up(self) -> None:
        """Everybody hangs up."""
        for ring in list(self.calls.values()):
            self.end(ring)

    def _tell(self, device: str, line: str) -> None:
        for writer, theirs in self.writers.items():
            if theirs == device:
                self._write(writer, line)

    def _write(self, writer: asyncio.StreamWriter, line: str) -> None:
        data = (line + "\n").encode()
        for piece in [data[place : place + 1] for place in range(len(data))] if self._split else [data]:
            writer.write(piece)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self._take(line.decode().split(), writer)
        self.writers.pop(writer, None)
        writer.close()

    def _take(self, words: list[str], writer: asyncio.StreamWriter) -> None:
        match words:
            case ["HELLO", device, password]:
                self._hello(device, password, writer)
            case ["CALL", number, to, cause]:
                self.asked.append(to)
                if to == CRACKED:
                    self._write(writer, f"NO {number}")
                    return
                device = self.writers[writer]
                ring = Ring(f"n{next(self._natives)}", device, "out", to, "up")
                self.calls[ring.native] = ring
                self._write(writer, f"DONE {number}")
                self._write(writer, f"NEW {ring.native} out {to} {cause}")
                self._write(writer, f"UP {ring.native}")
            case ["TAKE", number, native, _cause] if native in self.calls:
                self.calls[native].state = "up"
                self._write(writer, f"DONE {number}")
                self._write(writer, f"UP {native}")
            case ["DROP", number, native, _cause] if native in self.calls:
                self._write(writer, f"DONE {number}")
                self.end(self.calls[native])
            case [_word, number, *_rest]:
                self._write(writer, f"NO {number}")

    def _hello(self, device: str, password: str, writer: asyncio.StreamWriter) -> None:
        if password != PASSWORD:
            self._write(writer, "NO password")
            return
        for ring in self.calls.values():
            if ring.device == device:
                self._write(writer, f"STATE {ring.native} {ring.state} {ring.way} {ring.number}")
        self._write(writer, "READY")
        self.writers[writer] = device


async def main() -> None:
    tower = Tower(split=True)
    print(await tower.start(), flush=True)
    for line in iter(lambda: None, 0):  # until killed
        del line
        request = await asyncio.to_thread(sys.stdin.readline)
        if not request:
            break
        match request.split():
            case ["ring", device, number]:
                tower.incoming(device, number)
            case ["asked"]:
                print(" ".join(tower.asked) or "-", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
