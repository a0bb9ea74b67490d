"""The door: foreign requests are turned away before anything else, whatever they carry (specification section 11)."""

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from offhook.api.answers import refused
from offhook.api.who import Accounts
from offhook.console import page
from offhook.errors import OffhookError

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


class Door:
    """Lets in what comes from our own pages or from no page at all; 403 for the rest, on every route."""

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self.routed = app
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request's Host, Origin and Sec-Fetch-Site, then pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.routed(scope, receive, send)
            return
        headers = HTTPConnection(scope).headers
        try:
            self._accounts.check_origin(
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
        answer = HTMLResponse(page("foreign"), 403) if navigating else refused(error)
        await answer(scope, receive, _with_security_headers(send))


def _with_security_headers(send: Send) -> Send:
    extra = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *extra]
        await send(message)

    return sending
