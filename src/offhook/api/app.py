"""The application over a board: its routes, behind the door."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from offhook import __version__
from offhook.api.answers import refusal
from offhook.api.commands import DeskRoutes
from offhook.api.door import Door
from offhook.api.doorkeeper import Doorkeeper
from offhook.api.pages import Pages
from offhook.api.routes import Endpoint
from offhook.api.schema import openapi
from offhook.api.who import Accounts
from offhook.board.desk_settings import DeskSettings
from offhook.board.switchboard import Switchboard
from offhook.directory.index import Index
from offhook.errors import OffhookError


def make_app(
    board: Switchboard,
    accounts: Accounts,
    index: Index | None = None,
    settings: DeskSettings | None = None,
    further: Sequence[BaseRoute] = (),
) -> Door:
    """Return the ASGI application over a board; ``further`` are routes of one's own."""
    pages, endpoints = endpoints_of(board, accounts, index, settings)
    routes = [*further, *(each.route for each in endpoints), pages.files()]
    return Door(Starlette(routes=routes, exception_handlers={OffhookError: refusal}), accounts)


def endpoints_of(
    board: Switchboard, accounts: Accounts, index: Index | None, settings: DeskSettings | None
) -> tuple[Pages, list[Endpoint]]:
    """Return the pages, and every route there is; :class:`~offhook.api.door.Door` stands before them all."""
    keeper = Doorkeeper(accounts)
    found: list[Endpoint] = []
    pages, desks = (
        Pages(keeper),
        DeskRoutes(board, keeper, index, settings, lambda: openapi(found, __version__)),
    )
    found += [*pages.endpoints(), *desks.endpoints()]
    return pages, found
