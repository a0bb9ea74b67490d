"""One agent, from its settings to its end: the wiring, in one function."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from offhook.api.access import Access, key_in, loopback_hosts
from offhook.api.app import make_app
from offhook.api.serve import bound, listen, url_of
from offhook.api.stream import beats
from offhook.board.desk_settings import DeskSettings
from offhook.board.key import DeskKey, key_of
from offhook.board.sqlite import in_file
from offhook.board.switchboard import Switchboard
from offhook.embed import clock
from offhook.popup.choose import PopRules, Trigger
from offhook.settings.files import only_one
from offhook.settings.places import home
from offhook.settings.running import AGENT, Running, announce, lock_of, withdraw
from offhook.settings.values import Settings

Ready = Callable[[Running, Callable[[str], str]], None]
"""Called once connections are accepted: with the agent's address, and what gives a desk a one-time page address."""
ADDRESS = "127.0.0.1"
NAMELESS = "me"
"""The desk of somebody who has no extension: a program takes the number, and nobody is called."""


async def run_agent(settings: Settings, ready: Ready) -> None:
    """Run the agent of this user until it is told to stop.

    Raises ``SettingsError`` and ``Unavailable`` for whatever keeps it from starting or going on.
    """
    folder = Path(home())
    key = DeskKey(settings["desk.extension"] or NAMELESS)
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_one(str(folder), lock_of(AGENT), "agent_running"))
        withdraw(str(folder / AGENT))  # what a killed one left behind
        made = stack.enter_context(bound(ADDRESS, 0))
        port = made.getsockname()[1]
        async with in_file(folder / "agent.sqlite") as store:
            given = {name: value.text for name, value in settings.places.options.values.items()}
            of_desks = DeskSettings("", port, per_desk=True, first=key, mine=given)
            board = Switchboard(
                store,
                clock,
                rules=PopRules(Trigger(settings["pop.trigger"])),
                own_line=of_desks.own_line,
                dial_rules=of_desks.rules,
            )
            access = Access(key_in(folder, "agent.key"), lambda: board.desks, loopback_hosts(port), owner=key)
            await board.add([key])
            await board.start()
            here = Running(url_of(made), {str(key): access.token(key)})
            announced = announce(here, AGENT)
            try:
                app = make_app(board, access, settings=of_desks)
                await listen(
                    app,
                    made,
                    lambda: ready(here, lambda desk: here.url + access.page_link(key_of(desk))),
                    board.watch(),
                    beats(board),
                )
            finally:
                withdraw(announced)
                await board.stop()
