"""``getevent`` for 1,000 desks against a constant route of the same application, every reply checked.

Both are asked in turn (A B A B …) in one run over the same kept connections from this process, closed-loop. One
poll in a hundred finds an event, set a moment before; every reply is read as JSON, and every event that was set
must come back once, with its number. Aim: 0.7 of the constant route's rate.

Then, open-loop: how many desks one hub serves when each polls once a second on its own connection, with the delay
from when a poll was due to its reply. Run: ``make bench`` or ``python bench/getevent.py [ROUNDS]``.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
PATH = "/DhDivaltoServerCTI/api/cti"
DESKS = 1000
LINKS = 16
BATCH = 4000


class Link:
    """One kept connection that sends and reads the least HTTP there can be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def close(self) -> None:
        """Leave."""
        self._writer.close()

    async def ask(self, method: str, target: str, port: int) -> bytes:
        """Send a request and return the body of its answer."""
        length = "Content-Length: 0\r\n" if method == "POST" else ""
        self._writer.write(f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{length}\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        at = head.lower().index(b"content-length:")
        return await self._reader.readexactly(int(head[at + 15 :].split(b"\r\n", 1)[0]))


async def connected(port: int) -> Link:
    """Return a connection."""
    return Link(*await asyncio.open_connection("127.0.0.1", port))


async def batch(
    links: list[Link],
    port: int,
    *,
    constant: bool,
    chance: Random,
    set_and_got: tuple[Counter[str], Counter[str]],
) -> float:
    """Ask ``BATCH`` times over all connections; returns replies a second, not counting the setting of events."""
    put, got = set_and_got
    order = [str(2001 + chance.randrange(DESKS)) for _turn in range(BATCH)]
    if not constant:
        for desk in order[::100]:
            number = f"01990{chance.randrange(10**5):05}"
            await links[0].ask("POST", f"{PATH}/setevent?telorg={desk}&tel={number}&cmdevent=RING", port)
            put[f"{desk} {number}"] += 1
    turns = iter(order)

    async def work(link: Link) -> None:
        for desk in turns:
            body = await link.ask(
                "GET", "/constant" if constant else f"{PATH}/getevent?ident={desk}&telorg={desk}", port
            )
            said = json.loads(body)
            if said["event"]:
                got[f"{desk} {said['tel']}"] += 1

    begun = time.perf_counter()
    await asyncio.gather(*(work(link) for link in links))
    return BATCH / (time.perf_counter() - begun)


async def ratio(port: int, rounds: int) -> None:
    """Compare the two and check every event."""
    links = [await connected(port) for _each in range(LINKS)]
    chance, put, got = Random(7), Counter[str](), Counter[str]()
    seen = []
    for turn in range(rounds + 1):
        rates = [
            await batch(links, port, constant=constant, chance=chance, set_and_got=(put, got))
            for constant in (True, False)
        ]
        if turn:
            seen.append((rates[1] / rates[0], rates[1], rates[0]))
    for desk in range(DESKS):  # what is still waiting
        while (said := json.loads(await links[0].ask("GET", f"{PATH}/getevent?telorg={2001 + desk}", port)))[
            "event"
        ]:
            got[f"{2001 + desk} {said['tel']}"] += 1
    if put != got:
        raise SystemExit(f"the figure is void: {len(put - got)} events lost, {len(got - put)} too many")
    seen.sort()
    middle = seen[len(seen) // 2]
    what = f"{DESKS} desks, {LINKS} connections, {rounds} rounds of {BATCH}"
    print(f"getevent / a constant route, {what}; {put.total()} events set, each back once")
    print(f"  ratio   median {middle[0]:.2f}   min {seen[0][0]:.2f}   max {seen[-1][0]:.2f}   (aim 0.7)")
    print(f"  rate    {middle[1]:.0f}/s against {middle[2]:.0f}/s")


async def capacity(port: int, pid: int, desks: int, seconds: float) -> None:
    """Let each desk poll once a second, each at its own moment, however slow the hub is."""
    links = [await connected(port) for _each in range(desks)]
    delays: list[float] = []
    begun = time.perf_counter() + 0.5

    async def poll(number: int) -> None:
        due = begun + number / desks
        while due < begun + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await links[number].ask("GET", f"{PATH}/getevent?telorg={2001 + number % DESKS}", port)
            delays.append(time.perf_counter() - due)
            due += 1.0

    used = cpu_s(pid)
    await asyncio.gather(*(poll(number) for number in range(desks)))
    for link in links:
        link.close()
    share = (cpu_s(pid) - used) / (time.perf_counter() - begun)
    delays.sort()
    p50, p99 = (delays[int(len(delays) * part)] * 1000 for part in (0.5, 0.99))
    cost = f"hub {share:.0%} of one processor, {memory_mb(pid):.0f} MB"
    print(f"  {desks:5} desks polling once a second: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {cost}")


def cpu_s(pid: int) -> float:
    """Return the processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return the memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    hub = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [sys.executable, str(HERE / "polled_hub.py"), str(DESKS)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert hub.stdout is not None  # noqa: S101 - a pipe was asked for
        port = json.loads(hub.stdout.readline())["port"]
        await ratio(port, rounds)
        for desks in (1000, 2000, 4000):
            await capacity(port, hub.pid, desks, 6.0)
    finally:
        hub.kill()
        hub.communicate()


if __name__ == "__main__":
    asyncio.run(main())
