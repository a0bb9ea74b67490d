"""Dialling over a web API, step by step and without an event loop: what every ``offhook dial`` runs.

The driver uses the same steps in a thread. Tokens are kept in memory, shared by all desks with the same request
for one, good for as long as the server said, and asked for once however many wait.
"""

import os
import threading
import time
from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

from offhook.dialling import Dialled
from offhook.errors import OffhookError, SettingsError, on
from offhook.interfaces.web import wire
from offhook.interfaces.web.about import ABOUT
from offhook.interfaces.web.trace import Trace
from offhook.interfaces.web.wire import Reply, Request, TokenWanted
from offhook.masking import MASK
from offhook.seed import parameters
from offhook.seed.folder import web_file
from offhook.seed.parameters import ParameterFile
from offhook.seed.replies import Item
from offhook.settings.shared import SharedFile
from offhook.template import Values
from offhook.transport.web import Client, Patience, tls_of
from offhook.view import View

Result = TypeVar("Result")

EXAMPLE = "0388202020"
"""The seed's example number."""

BODY_S = 5.0
"""How long to go on reading after a dial was accepted by its status: what follows may still say no."""
EARLY_S = 5.0
"""How long before its end a token is renewed."""


class Tokens:
    """Tokens in memory, by the request that got them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Request, tuple[str, float]] = {}
        self._failed: dict[Request, tuple[OffhookError, float]] = {}
        self._asking: dict[Request, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, request: Request, refused: str, ask: Callable[[], tuple[str, float | None]]) -> str:
        """Return the token for a request, asking for one where there is none that is good."""
        came = self._clock()
        with self._guard:
            lock = self._asking.setdefault(request, threading.Lock())
        with lock:
            failed = self._failed.get(request)
            if failed is not None and failed[1] >= came:
                raise failed[0]  # somebody else asked while we waited and got no token: nor do we now
            token, until = self._known.get(request, ("", 0.0))
            if token and token != refused and self._clock() < until:
                return token
            try:
                token, lifetime = ask()
            except OffhookError as error:
                self._failed[request] = (error, self._clock())
                raise
            good_for = float("inf") if lifetime is None else max(lifetime - EARLY_S, lifetime / 2)
            self._known[request] = (token, self._clock() + good_for)
            return token


class AskedOnce(Tokens):
    """Tokens that are asked for once, whatever the server makes of them: an account is soon locked."""

    def get(self, request: Request, refused: str, ask: Callable[[], tuple[str, float | None]]) -> str:
        """Return the one token there is, also where the server refused it."""
        known = self._known.get(request)
        return known[0] if known else super().get(request, "", ask)


class WebAccount(NamedTuple):
    """One desk's way to a web API: the file, who it is, how to connect, where a trace goes."""

    file: ParameterFile
    name: str
    values: Values
    client: Client
    trace: Trace
    tokens: Tokens

    def dial(self, number: str) -> None:
        """Dial digits; returns when accepted. Raises as :func:`wire.dialling` does."""
        wire.dials(self.file, self.name)
        patience = self.client.patience
        patience = patience._replace(body_s=min(BODY_S, patience.body_s))
        self.run(wire.dialling(self.file, self.values.replaced(number=number)), patience, follow=False)

    def shown(self, number: str) -> list[str]:
        """Return what dialling would send, secrets masked. Raises ``SettingsError``."""
        wire.dials(self.file, self.name)
        values = self.values.replaced(number=number)
        requests = (
            [wire.request(self.file, "token", values).shown] if self.file.on("token", "with_token") else []
        )
        masked = values.masked()
        return [*requests, wire.request(self.file, "dial", masked).shown]

    def servers(self) -> dict[str, str]:
        """Return a URL of each server it speaks with, by host and port. Raises ``SettingsError`` for missing data."""
        sections = {"token": "with_token", "dial": "", "event": "with_event"}
        values = self.values.replaced(number=EXAMPLE, token=MASK)
        wanted = [name for name, tag in sections.items() if not tag or self.file.on(name, tag)]
        urls = [wire.request(self.file, name, values).url for name in wanted]
        return {
            url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]: url
            for url in urls
        }

    def try_login(self) -> None:
        """Get a token, where the file asks for one. Raises what became of it."""
        if self.file.on("token", "with_token"):
            self._token("")

    def poll(self, patience_s: float) -> list[Item] | None:
        """Read once what is waiting, ``None`` where nothing came in time. Raises where the reply is not one."""
        usual = self.client.patience  # a reply that has begun is waited for: its event would be lost
        patience = usual._replace(answer_s=patience_s, body_s=max(patience_s, usual.body_s))
        return self.run(wire.polling(self.file, self.values), patience)

    def run(
        self,
        conversation: Generator[wire.Wanted, Reply | str, Result],
        patience: Patience,
        *,
        follow: bool = True,
    ) -> Result:
        """Run a conversation to its end. A redirect of a dial, even by GET, is not followed: it may have rung."""
        sent: Reply | str | None = None
        token = ""
        while True:
            try:
                wanted = next(conversation) if sent is None else conversation.send(sent)
            except StopIteration as end:
                result: Result = end.value
                return result
            if isinstance(wanted, TokenWanted):
                sent = token = self._token(wanted.refused)
            else:
                sent = self._exchange(wanted, patience, [*self.values.secrets(), token], follow=follow)

    def _token(self, refused: str) -> str:
        conversation = wire.asking_token(self.file, self.values)
        request = next(conversation)
        assert isinstance(request, Request)  # noqa: S101 - asking for a token wants no token

        def ask() -> tuple[str, float | None]:
            reply = self._exchange(request, self.client.patience, self.values.secrets(), holds_token=True)
            try:
                conversation.send(reply)
            except StopIteration as end:
                found: tuple[str, float | None] = end.value
                return found
            raise AssertionError("a token takes one request")

        return self.tokens.get(request, refused, ask)

    def _exchange(
        self,
        request: Request,
        patience: Patience,
        secrets: list[str],
        *,
        holds_token: bool = False,
        follow: bool = True,
    ) -> Reply:
        self.trace.sent(request, secrets)
        begun = time.monotonic()
        try:
            answer = self.client.exchange(
                request.method, request.url, request.headers, request.body, patience, follow=follow
            )
        except OffhookError as error:
            self.trace.failed(error.text(), secrets)
            raise
        reply = Reply(*answer)
        self.trace.got(reply, time.monotonic() - begun, secrets, show=not holds_token)
        return reply


def account(options: View, extension: str, home: str, tokens: Tokens | None = None) -> WebAccount:
    """Return a desk's way to its web API. Raises ``SettingsError`` for a file that is missing or wrong."""
    found = web_file(options.__getitem__, home)
    if found is None:
        raise SettingsError("parameter_file_missing")
    return account_by(found, options, extension, home, tokens)


def account_by(
    found: SharedFile, options: View, extension: str, home: str, tokens: Tokens | None = None
) -> WebAccount:
    """The same from a file already read."""
    file = parameters.read(found.data)
    wire.usable(file, found.name)
    values = Values(
        extension=extension,
        user=options["desk.user"],
        password=lambda: options["desk.password"],
        ident=options["desk.ident"],
        event=options["event_name"],
    )
    answer_s = options.decimal("timeout_s")
    patience = Patience(options.decimal("connect_timeout_s"), answer_s, answer_s)
    folder = os.path.join(home, "log") if file.on("global", "debug") else ""
    return WebAccount(
        file, found.name, values, Client(tls_of(options.tls), patience), Trace(folder), tokens or Tokens()
    )


class ColdWebDial(NamedTuple):
    """A dial of a desk without an event loop (:class:`offhook.interface.Cold`)."""

    account: WebAccount

    def preview(self, dialled: Dialled) -> list[str]:
        """See :class:`~offhook.interface.Cold`."""
        with on(ABOUT.name):
            return self.account.shown(dialled)

    def dial(self, dialled: Dialled) -> None:
        """See :class:`~offhook.interface.Cold`."""
        with on(ABOUT.name):
            self.account.dial(dialled)


def cold(options: View, extension: str, home: str) -> ColdWebDial:
    """Return what dials for a desk without an event loop. Raises ``SettingsError``."""
    with on(ABOUT.name):
        return ColdWebDial(account(options, extension, home))
