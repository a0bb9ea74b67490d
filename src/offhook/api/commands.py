"""What can be asked over HTTP: commands, calls, contacts, settings."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from offhook import __version__
from offhook.api.answers import body_of, status_of
from offhook.api.doorkeeper import Doorkeeper
from offhook.api.routes import Endpoint
from offhook.api.stream import answered, converse
from offhook.board.desk_settings import DeskSettings
from offhook.board.switchboard import Switchboard
from offhook.codec import contact_to_json, encode_call
from offhook.directory.index import Index
from offhook.errors import CommandError, LoginRefused
from offhook.ids import new_command_id
from offhook.interface import Trained, Watched
from offhook.model import MODEL_VERSION
from offhook.thread import in_thread

DEEDS = ("Incoming", "FarHangUp", "LiftHandset", "DialOnPhone")
"""What people can do at a pretend telephone system from the page's training panel."""
Describe = Callable[[], dict[str, Any]]


class DeskRoutes:
    """The routes of a board's desks, and what they share."""

    def __init__(
        self,
        board: Switchboard,
        keeper: Doorkeeper,
        index: Index | None,
        settings: DeskSettings | None,
        describe: Describe,
    ) -> None:
        self._board = board
        self._keeper = keeper
        self._index = index
        self._settings = settings
        self._describe = describe
        found: object = board.interface
        self._trained = found if isinstance(found, Trained) and found.address else None

    def endpoints(self) -> list[Endpoint]:
        """Return the routes."""
        desk = ("desk",)
        return [
            Endpoint("WS", "/v1/desk", self.stream, "the desk's stream of events and commands", "Message", query=desk),
            Endpoint(
                "POST", "/v1/desk/commands", self.command, "carry out one command", "Outcome", "Command", query=desk
            ),
            Endpoint("GET", "/v1/desk/calls", self.calls, "the desk's calls now", "Calls", query=desk),
            Endpoint(
                "GET", "/v1/contacts", self.contacts, "search the directory", "Contacts", query=("desk", "q")
            ),
            Endpoint(
                "POST", "/v1/page-links", self.page_link, "a new one-time address of the desk page", "PageLink",
                query=desk,
            ),
            Endpoint(
                "GET", "/v1/settings", self.settings, "the desk's settings, each with its origin", "Settings",
                query=desk,
            ),
            Endpoint(
                "POST", "/v1/settings", self.change_settings, "change some, for the desk or the machine", "Settings",
                "SettingsChange", query=desk,
            ),
            Endpoint(
                "POST", "/v1/test-dial", self.test_dial, "dial to see what is sent and answered", "TestDialled",
                "TestDial", query=desk,
            ),
            Endpoint(
                "POST", "/v1/training", self.train, "what people do at a pretend telephone system, where there is one",
                "Trained", "Training", query=desk,
            ),
            Endpoint("GET", "/v1/about", self.about, "version", "About", open=True),
            Endpoint("GET", "/v1/openapi.json", self.schema, "this API, printed from its routes", "OpenAPI", open=True),
        ]  # fmt: skip

    async def stream(self, socket: WebSocket) -> None:
        """Speak with one desk."""
        try:
            key = self._keeper.desk(socket)
        except LoginRefused:
            await socket.close(1008)
            return
        await converse(socket, self._board, key)

    async def command(self, request: Request) -> Response:
        """Carry out one command."""
        key = self._keeper.desk(request)
        answer = await answered(self._board, key, await body_of(request))
        status = status_of(answer["error"]["kind"]) if "error" in answer else 200
        return JSONResponse(answer, status)

    async def calls(self, request: Request) -> Response:
        """Return the desk's calls now."""
        key = self._keeper.desk(request)
        await self._board.settled()
        seq, up, calls = self._board.state(key)
        line = self._board.line(key)
        return JSONResponse(
            {
                "desk": str(key),
                "seq": seq,
                "interface": line.interface.about.name,
                "up": up,
                "why": "" if up else line.table.why_down,
                "calls": [encode_call(call) for call in calls],
            }
        )

    async def contacts(self, request: Request) -> Response:
        """Search the directory, beside the loop: it may hold a million contacts."""
        self._keeper.desk(request)
        index, text = self._index, request.query_params.get("q", "")[:200]
        found = await in_thread(lambda: index.search(text)) if index is not None else ()
        return JSONResponse({"contacts": [contact_to_json(contact) for contact in found]})

    async def page_link(self, request: Request) -> Response:
        """Give a desk a new one-time address of its page."""
        return JSONResponse({"path": self._keeper.accounts.page_link(self._keeper.desk(request))})

    # --- settings -----------------------------------------------------------------------------------

    async def settings(self, request: Request) -> Response:
        """Return a desk's settings."""
        (key, owner), settings = self._keeper.desk_and_owner(request), self._desk_settings()
        return JSONResponse(
            await in_thread(lambda: settings.shown(key, owner=owner))
            | {"interfaces": await settings.interfaces(key)}
        )

    async def change_settings(self, request: Request) -> Response:
        """Change settings; the desk's line becomes what they say."""
        key, owner = self._keeper.desk_and_owner(request)
        asked, settings = await body_of(request), self._desk_settings()
        sets = asked.get("set")
        if not isinstance(sets, dict) or not all(
            value is None or isinstance(value, str) for value in sets.values()
        ):
            raise CommandError("command_unreadable", field="set")
        path = await in_thread(
            lambda: settings.change(key, str(asked.get("scope", "user")), sets, owner=owner)
        )
        for each in list(self._board.desks) if asked.get("scope") == "machine" else [key]:
            if each in self._board.desks:
                await self._board.reline(each)
            await asyncio.sleep(0)  # the settings of thousands of desks are read anew: others get their turn
        shown = await in_thread(lambda: settings.shown(key, owner=owner))
        return JSONResponse({"path": path, "interfaces": await settings.interfaces(key)} | shown)

    async def test_dial(self, request: Request) -> Response:
        """Dial, or show what would be sent."""
        key = self._keeper.desk(request)
        asked, settings = await body_of(request), self._desk_settings()
        number, wire, error = str(asked.get("number", ""))[:200], list[str](), None
        await self._board.reline(key)  # as the files are now
        interface = self._board.line(key).interface
        sent = await in_thread(lambda: settings.would_send(interface, key, number))
        if asked.get("dial") is True:
            command = {"command": "Dial", "id": new_command_id(), "number": number}
            watched = interface.watched(wire.append) if isinstance(interface, Watched) else nullcontext()
            await self._board.desk(key).heard()
            with watched:
                error = (await answered(self._board, key, command)).get("error")
        return JSONResponse({"sent": sent, "wire": wire, "error": error})

    def _desk_settings(self) -> DeskSettings:
        if self._settings is None:
            raise HTTPException(404)
        return self._settings

    # --- about --------------------------------------------------------------------------------------

    async def train(self, request: Request) -> Response:
        """Let people act at a pretend telephone system: the page's training panel."""
        self._keeper.desk(request)
        asked = await body_of(request)
        if self._trained is None or asked.get("do") not in DEEDS:
            raise CommandError("command_unreadable", field="do")
        return JSONResponse(await self._trained.act(asked))

    async def about(self, _request: Request) -> Response:
        """Say what this is."""
        return JSONResponse(
            {"offhook": __version__, "version": MODEL_VERSION, "training": self._trained is not None}
        )

    async def schema(self, _request: Request) -> Response:
        """Return the OpenAPI description."""
        return JSONResponse(self._describe())
