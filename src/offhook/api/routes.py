"""Every route of the API, with a word on each: this list is what is served, documented and described. No I/O."""

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.routing import BaseRoute, Route, WebSocketRoute


class Endpoint(NamedTuple):
    """A route: its method (``WS`` for a WebSocket), path and handler, and what it is for.

    ``body`` and ``answer`` name schemas of :mod:`offhook.api.schema`; without an ``answer`` it gives a page. ``query``
    names its parameters. ``open``: it needs no login.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    about: str
    answer: str = ""
    body: str = ""
    query: tuple[str, ...] = ()
    open: bool = False

    @property
    def route(self) -> BaseRoute:
        """Return it as Starlette serves it."""
        if self.method == "WS":
            return WebSocketRoute(self.path, self.handler)
        return Route(self.path, self.handler, methods=[self.method])


QUERY = {
    "desk": "The desk the request is about; without it, the one that is logged in.",
    "q": "Words of a name, a company, a city, or digits of a number.",
    "code": "A code that works once.",
}
"""What each parameter is."""
