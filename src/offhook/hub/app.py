"""The hub's routes, behind one door: :class:`Door` turns foreign requests away before anything else.

=============================  ==================================================================
``GET /``                      the desk page of the desk this browser is logged in to
``GET /login?code=``           one-time login: cookie, then the page
``GET /desk/{extension}``      the desk page
``GET /desk/…/settings``       its settings page
``WS /v1/desk``                the desk's stream (:mod:`offhook.hub.stream`)
``POST /v1/desk/commands``     one command, its answer
``GET /v1/desk/calls``         the desk's calls now
``GET /v1/contacts?q=``        the directory
``POST /v1/page-links``        a new one-time address of the desk page
``GET /v1/settings``           the desk's settings, each with its origin
``POST /v1/settings``          change some, for the desk or the machine
``POST /v1/test-dial``         dial to see what is sent and answered
``POST /v1/simulator``         what people do at a pretend exchange, where there is one
``GET /v1/about``              version
``GET /v1/openapi.json``       this API, printed from the code
``GET /texts/{language}.json`` what the page says
``GET /static/…``              what the page is made of
=============================  ==================================================================
"""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from offhook import __version__, texts
from offhook.codec import contact_to_json, dumps, encode_call, loads
from offhook.console import STATIC, page
from offhook.directory.index import Index
from offhook.errors import CODES, CommandError, LoginRefused, OffhookError, ProtocolError
from offhook.hub.access import SESSION_S, Access
from offhook.hub.desks import Desks
from offhook.hub.divalto import Divalto
from offhook.hub.schema import openapi
from offhook.hub.stream import LONGEST_MESSAGE, answered, converse
from offhook.hub.switchboard import Switchboard
from offhook.interfaces.web.driver import WebInterface
from offhook.model import MODEL_VERSION, new_command_id
from offhook.transport.thread import in_thread

STATUS = {2: 400, 3: 500, 4: 503, 5: 403, 6: 502, 7: 504, 8: 400}
"""HTTP status for each error's exit code; a login that is not accepted is 401."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

World = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Asks the pretend exchange something on behalf of the page's training panel."""


def make_app(
    board: Switchboard,
    access: Access,
    index: Index | None = None,
    world: World | None = None,
    divalto: Divalto | None = None,
    desks: Desks | None = None,
) -> "Door":
    """Return the hub's ASGI application."""
    hub = Hub(board, access, index, world, desks)
    routes = [*(divalto.routes() if divalto else []), *hub.routes()]
    app = Starlette(routes=routes, exception_handlers={OffhookError: _refusal})
    return Door(app, access)


class Door:
    """Lets in what comes from our own pages or from no page at all; 403 for the rest, on every route."""

    def __init__(self, app: Starlette, access: Access) -> None:
        self.routed = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request's Host, Origin and Sec-Fetch-Site, then pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.routed(scope, receive, send)
            return
        headers = HTTPConnection(scope).headers
        try:
            self._access.check_origin(
                headers.get("host", ""), headers.get("origin"), headers.get("sec-fetch-site")
            )
        except OffhookError as error:
            await self._turn_away(error, scope, receive, send)
            return
        await self.routed(scope, receive, _with_security_headers(send))

    async def _turn_away(self, error: OffhookError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(1008)
            return
        navigating = HTTPConnection(scope).headers.get("sec-fetch-mode") == "navigate"
        answer = HTMLResponse(page("foreign"), 403) if navigating else _refused(error)
        await answer(scope, receive, _with_security_headers(send))


class Hub:
    """The routes' handlers and what they share."""

    def __init__(
        self,
        board: Switchboard,
        access: Access,
        index: Index | None,
        world: World | None,
        desks: Desks | None,
    ) -> None:
        self._board = board
        self._desks = desks
        self._access = access
        self._index = index
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """Return every route there is; :class:`Door` stands before them all."""
        return [
            Route("/", self.front),
            Route("/login", self.login),
            Route("/desk/{extension}", self.desk_page),
            Route("/desk/{extension}/settings", self.settings_page),
            WebSocketRoute("/v1/desk", self.stream),
            Route("/v1/desk/commands", self.command, methods=["POST"]),
            Route("/v1/desk/calls", self.calls),
            Route("/v1/contacts", self.contacts),
            Route("/v1/page-links", self.page_link, methods=["POST"]),
            Route("/v1/settings", self.settings),
            Route("/v1/settings", self.change_settings, methods=["POST"]),
            Route("/v1/test-dial", self.test_dial, methods=["POST"]),
            Route("/v1/simulator", self.simulator, methods=["POST"]),
            Route("/v1/about", self.about),
            Route("/v1/openapi.json", self.schema),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/texts/{language}.json", self.words),
        ]

    # --- pages --------------------------------------------------------------------------------------

    async def front(self, request: Request) -> Response:
        """Lead to the desk page, or say how to get in."""
        try:
            return RedirectResponse(f"/desk/{self._desk(request)}", 303)
        except LoginRefused:
            return HTMLResponse(page("login"), 401)

    async def login(self, request: Request) -> Response:
        """Turn a one-time code into a cookie for its desk."""
        try:
            extension, name, value = self._access.redeem(request.query_params.get("code", ""))
        except LoginRefused:
            return HTMLResponse(page("login"), 401)
        return _with_cookie(RedirectResponse(f"/desk/{extension}", 303), name, value)

    async def desk_page(self, request: Request) -> Response:
        """Show the desk page; its cookie is good for another week."""
        try:
            extension = self._desk(request, request.path_params["extension"])
        except LoginRefused:
            return HTMLResponse(page("login"), 401)
        return _with_cookie(HTMLResponse(page("desk")), *self._access.cookie(extension))

    async def settings_page(self, request: Request) -> Response:
        """Show a desk's settings page."""
        try:
            self._desk(request, request.path_params["extension"])
        except LoginRefused:
            return HTMLResponse(page("login"), 401)
        return HTMLResponse(page("settings"))

    # --- settings -----------------------------------------------------------------------------------

    async def settings(self, request: Request) -> Response:
        """Return a desk's settings."""
        extension = self._desk(request, request.query_params.get("desk", ""))
        desks = self._settings_of()
        return JSONResponse(await in_thread(lambda: desks.shown(extension)))

    async def change_settings(self, request: Request) -> Response:
        """Change settings; the desk's line becomes what they say."""
        extension = self._desk(request, request.query_params.get("desk", ""))
        asked, desks = await _body(request), self._settings_of()
        sets = asked.get("set")
        if not isinstance(sets, dict) or not all(
            value is None or isinstance(value, str) for value in sets.values()
        ):
            raise CommandError("command_unreadable", field="set")
        path = await in_thread(lambda: desks.change(extension, str(asked.get("scope", "user")), sets))
        for each in self._board.desks if asked.get("scope") == "machine" else (extension,):
            await self._board.reline(each)
        return JSONResponse({"path": path} | await in_thread(lambda: desks.shown(extension)))

    async def test_dial(self, request: Request) -> Response:
        """Dial, or show what would be sent."""
        extension = self._desk(request, request.query_params.get("desk", ""))
        asked, desks = await _body(request), self._settings_of()
        number, wire = str(asked.get("number", ""))[:200], list[str]()
        own = await in_thread(lambda: desks.has_own(extension))
        if own:
            sent = await in_thread(lambda: desks.would_send(extension, number))
        else:
            digits = (await in_thread(lambda: desks.rules(extension))).dialled(number)
            sent = [dumps({"command": "Dial", "number": digits, "line": extension})]
        error = None
        if asked.get("dial") is True:
            await self._board.reline(extension)  # as the files are now
            command = {"command": "Dial", "id": new_command_id(), "number": number}
            interface = self._board.desks[extension].lines[extension].interface
            watched = interface.watched(wire.append) if isinstance(interface, WebInterface) else nullcontext()
            with watched:
                error = (await answered(self._board, extension, command)).get("error")
        return JSONResponse({"sent": sent, "wire": wire, "error": error})

    def _settings_of(self) -> Desks:
        if self._desks is None:
            raise HTTPException(404)
        return self._desks

    # --- desks --------------------------------------------------------------------------------------

    async def stream(self, socket: WebSocket) -> None:
        """Speak with one desk."""
        try:
            extension = self._desk(socket, socket.query_params.get("desk", ""))
        except LoginRefused:
            await socket.close(1008)
            return
        await converse(socket, self._board, extension)

    async def command(self, request: Request) -> Response:
        """Carry out one command."""
        extension = self._desk(request, request.query_params.get("desk", ""))
        answer = await answered(self._board, extension, await _body(request))
        if "error" in answer:
            return JSONResponse(answer, STATUS[CODES[answer["error"]["code"]].exit_code])
        return JSONResponse(answer)

    async def calls(self, request: Request) -> Response:
        """Return the desk's calls now."""
        extension = self._desk(request, request.query_params.get("desk", ""))
        seq, up, calls = self._board.state(extension)
        return JSONResponse(
            {"desk": extension, "seq": seq, "up": up, "calls": [encode_call(call) for call in calls]}
        )

    async def contacts(self, request: Request) -> Response:
        """Search the directory."""
        self._desk(request, request.query_params.get("desk", ""))
        found = self._index.search(request.query_params.get("q", "")[:200]) if self._index else ()
        return JSONResponse({"contacts": [contact_to_json(contact) for contact in found]})

    async def page_link(self, request: Request) -> Response:
        """Give a desk a new one-time address of its page."""
        extension = self._desk(request, request.query_params.get("desk", ""))
        return JSONResponse({"path": self._access.page_link(extension)})

    async def simulator(self, request: Request) -> Response:
        """Let people act at the pretend exchange: the page's training panel."""
        self._desk(request, request.query_params.get("desk", ""))
        asked = await _body(request)
        if self._world is None or asked.get("do") not in (
            "Incoming",
            "FarHangUp",
            "LiftHandset",
            "DialOnPhone",
        ):
            raise CommandError("command_unreadable", field="do")
        return JSONResponse(await self._world(asked))

    # --- about --------------------------------------------------------------------------------------

    async def about(self, request: Request) -> Response:
        """Say what this is."""
        return JSONResponse(
            {"offhook": __version__, "version": MODEL_VERSION, "simulator": self._world is not None}
        )

    async def words(self, request: Request) -> Response:
        """Return what the page says, in one language."""
        language = request.path_params["language"]
        if language not in texts.LANGUAGES:
            raise HTTPException(404)
        return JSONResponse(texts.catalogue(language))

    async def schema(self, request: Request) -> Response:
        """Return the OpenAPI description."""
        return JSONResponse(openapi())

    def _desk(self, connection: HTTPConnection, wanted: str = "") -> str:
        headers = connection.headers
        return self._access.desk_of(headers.get("authorization", ""), headers.get("cookie", ""), wanted)


def _with_cookie(response: Response, name: str, value: str) -> Response:
    response.set_cookie(name, value, max_age=SESSION_S, httponly=True, samesite="strict", path="/")
    return response


async def _body(request: Request) -> dict[str, Any]:
    """Read a small JSON object. A form of another page cannot send this content type unasked."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProtocolError("reply_unreadable", source="content-type")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > LONGEST_MESSAGE:
            raise ProtocolError("message_too_long", limit=LONGEST_MESSAGE)
    return loads(data)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, OffhookError)  # noqa: S101 - the handler is registered for these only
    return _refused(error)


def _refused(error: OffhookError) -> Response:
    status = 401 if isinstance(error, LoginRefused) else STATUS[error.exit_code]
    return JSONResponse({"error": error.to_json()}, status)


def _with_security_headers(send: Send) -> Send:
    extra = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *extra]
        await send(message)

    return sending
