"""The demo: a small company with a pretend exchange, a hub, four desks and a directory of customers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from offhook.errors import Unavailable
from offhook.hub.run import run_hub
from offhook.interfaces.simulator.pbx import Habit, Pbx
from offhook.interfaces.simulator.server import Server, plan
from offhook.settings.places import resolve
from offhook.settings.running import Running
from offhook.settings.values import Settings

DIRECTORY = Path(__file__).parent / "clients.csv"
DESKS = [
    ("1001", "Claire Muller"),
    ("1002", "Hugo Klein"),
    ("1003", "Inès Weber"),
    ("1004", "Paul Schmitt"),
]
HABITS = {
    "1002": Habit(after_s=5.0),
    "1003": Habit(after_s=2.0),
    "1004": Habit(does="busy"),
}
OUTSIDE = {
    "0199000202": Habit(does="busy"),
    "0199000303": Habit(does="answer"),
    "0199000404": Habit(does="reject"),
}


@dataclass(frozen=True, slots=True)
class Started:
    """Where everything is: the hub, a one-time page address per desk, the pretend exchange."""

    url: str
    pages: dict[str, str]
    simulator: str


async def run_demo(port: str | None, ready: Callable[[Started], None]) -> None:
    """Run the demo until interrupted; a port in use does not matter unless it was asked for."""
    exchange = Server(Pbx(plan(DESKS, habits=HABITS, outside=OUTSIDE), name="demo"))
    address = await exchange.start()

    def hub_ready(here: Running, page_of: Callable[[str], str]) -> None:
        ready(Started(here.url, {desk: page_of(desk) for desk in here.tokens}, address))

    def settings(chosen: str | None) -> Settings:
        return resolve({
            "hub.port": chosen,
            "hub.interface": "simulator",
            "hub.desks": " ".join(number for number, _name in DESKS),
            "hub.directory": str(DIRECTORY),
            "simulator.address": address,
        })  # fmt: skip

    try:
        try:
            await run_hub(settings(port), hub_ready)
        except Unavailable as error:
            if error.code != "port_taken" or port is not None:
                raise
            await run_hub(settings("0"), hub_ready)
    finally:
        await exchange.stop()
