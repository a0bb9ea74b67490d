"""A pretend exchange in a process of its own, for ``deaf.py``, told line by line what happens.

``python bench/exchange.py FIRST DESKS CALLS_S``. Prints its address as a JSON line. Then ``call``: customers call at
that rate; ``keep N``: the first N desks have a call more, which nobody ends; ``drop``: every link is lost for two
seconds.
"""

import asyncio
import contextlib
import json
import sys

from offhook.errors import Unreachable
from offhook.interface import Traffic
from offhook.interfaces.simulator.pbx import Habit
from offhook.interfaces.simulator.server import Server, ask

TALK_S = 10
AWAY_S = 2


async def main() -> None:
    """Serve until killed."""
    first, number_of, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    desks = [str(each) for each in range(first, first + number_of)]
    exchange = Server.of_desks(desks)
    address = await exchange.start()
    print(json.dumps({"simulator": address}), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        match json.loads(line).split():
            case ["call"]:
                await exchange.live(Traffic(rate, TALK_S))
            case ["keep", number]:
                for each in desks[: int(number)]:
                    exchange.pbx.plan.habits[each] = Habit(pick_up_s=0.1)
                    await ask(address, {"do": "Incoming", "to": each, "number": "0388202020"})
                print(json.dumps({"kept": number}), flush=True)
            case ["drop"]:
                with contextlib.suppress(Unreachable):
                    await ask(address, {"do": "DropLink", "seconds": AWAY_S})


if __name__ == "__main__":
    asyncio.run(main())
