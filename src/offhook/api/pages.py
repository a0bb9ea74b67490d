"""The web pages, and what they are made of."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from offhook import texts
from offhook.api.access import SESSION_S
from offhook.api.doorkeeper import Doorkeeper
from offhook.api.routes import Endpoint
from offhook.board.key import key_of
from offhook.console import STATIC, page
from offhook.errors import LoginRefused


class Pages:
    """The pages' routes."""

    def __init__(self, keeper: Doorkeeper) -> None:
        self._keeper = keeper

    def endpoints(self) -> list[Endpoint]:
        """Return their routes."""
        return [
            Endpoint(
                "GET",
                "/",
                self.front,
                "leads to the page of the desk this browser is logged in to",
                open=True,
            ),
            Endpoint(
                "GET",
                "/login",
                self.login,
                "one-time login: cookie, then the page",
                query=("code",),
                open=True,
            ),
            Endpoint("GET", "/desk/{desk}", self.desk, "the desk page"),
            Endpoint("GET", "/desk/{desk}/settings", self.settings, "its settings page"),
            Endpoint(
                "GET", "/texts/{language}.json", self.words, "what a page says", answer="Texts", open=True
            ),
        ]

    def files(self) -> BaseRoute:
        """Return the route of what the pages are made of."""
        return Mount("/static", StaticFiles(directory=STATIC))

    async def front(self, request: Request) -> Response:
        """Lead to the desk page, or say how to get in."""
        try:
            return RedirectResponse(f"/desk/{self._keeper.desk(request)}", 303)
        except LoginRefused:
            return HTMLResponse(page("login"), 401)

    async def login(self, request: Request) -> Response:
        """Turn a one-time code into a cookie for its desk."""
        try:
            key, name, value = self._keeper.accounts.redeem(request.query_params.get("code", ""))
        except LoginRefused:
            return HTMLResponse(page("login"), 401)
        return _with_cookie(RedirectResponse(f"/desk/{key}", 303), name, value)

    async def desk(self, request: Request) -> Response:
        """Show the desk page; its cookie is good for another week."""
        try:
            key = self._keeper.desk(request, key_of(request.path_params["desk"]))
        except LoginRefused:
            return HTMLResponse(page("login"), 401)
        return _with_cookie(HTMLResponse(page("desk")), *self._keeper.accounts.cookie(key))

    async def settings(self, request: Request) -> Response:
        """Show a desk's settings page."""
        try:
            self._keeper.desk(request, key_of(request.path_params["desk"]))
        except LoginRefused:
            return HTMLResponse(page("login"), 401)
        return HTMLResponse(page("settings"))

    async def words(self, request: Request) -> Response:
        """Return what a page says, in one language, including every installed interface's own texts."""
        language = request.path_params["language"]
        if language not in texts.LANGUAGES:
            raise HTTPException(404)
        return JSONResponse(texts.everything(language))


def _with_cookie(response: Response, name: str, value: str) -> Response:
    response.set_cookie(name, value, max_age=SESSION_S, httponly=True, samesite="strict", path="/")
    return response
