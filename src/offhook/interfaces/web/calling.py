"""Dialling over a web API, step by step and without an event loop: what every ``offhook dial`` runs.

The driver uses the same steps in a thread. Tokens are kept in memory, shared by all who show the same request
for one, good for as long as the server said, and asked for once however many wait.
"""

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeVar

from offhook.errors import OffhookError, SettingsError
from offhook.interfaces.web import wire
from offhook.interfaces.web.trace import Trace
from offhook.interfaces.web.wire import Reply, Request, TokenWanted
from offhook.settings import divalto, shared
from offhook.settings.divalto import ParameterFile
from offhook.template import Values
from offhook.transport.web import Client, Patience, Tls

Result = TypeVar("Result")

BODY_S = 1.0
"""How long to read on after a dial was accepted: what follows changes nothing."""
EARLY_S = 5.0
"""A token is renewed so long before it ends."""


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
                raise failed[0]  # one who asked while we waited got no token: nor do we, now
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


class Account(NamedTuple):
    """One desk's way to a web API: the file, who it is, how to connect, where a trace goes."""

    file: ParameterFile
    name: str
    values: Values
    client: Client
    trace: Trace
    tokens: Tokens

    def dial(self, number: str) -> None:
        """Dial digits; returns when accepted. Raises what became of it, see :func:`wire.dialling`."""
        patience = self.client.patience._replace(body_s=BODY_S)
        self.run(wire.dialling(self.file, self.values.replaced(number=number)), patience, follow=False)

    def shown(self, number: str) -> list[str]:
        """Return what dialling would send, secrets masked. Raises ``SettingsError``."""
        values = self.values.replaced(number=number)
        requests = (
            [wire.request(self.file, "token", values).shown] if self.file.on("token", "with_token") else []
        )
        masked = values.masked()
        return [*requests, wire.request(self.file, "dial", masked).shown]

    def poll(self, patience_s: float) -> Reply:
        """Read once what is waiting. Raises for a reply that is none."""
        patience = self.client.patience._replace(answer_s=patience_s, body_s=patience_s)
        return self.run(wire.polling(self.file, self.values), patience)

    def run(
        self,
        conversation: Generator[wire.Wanted, Reply | str, Result],
        patience: Patience,
        *,
        follow: bool = True,
    ) -> Result:
        """Lead a conversation to its end. A redirect of a dial, even by GET, is not followed: it may have rung."""
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


def account(
    found: shared.SharedFile | None,
    setting: Callable[[str], str],
    home: str,
    tokens: Tokens | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Account:
    """Return a desk's way to its web API; ``setting`` gives settings by name.

    Raises ``SettingsError`` for a file that is missing or wrong.
    """
    if found is None:
        raise SettingsError("parameter_file_missing", interface="web")
    file = divalto.read(found.data)
    wire.usable(file, found.name)
    values = Values(
        extension=setting("desk.extension"),
        user=setting("desk.user"),
        password=lambda: setting("desk.password"),
        ident=setting("desk.ident"),
        event=setting("web.event_name"),
    )
    tls = Tls(
        setting("tls.ca"),
        setting("tls.pin"),
        setting("tls.certificate"),
        setting("tls.key"),
        setting("tls.insecure") == "yes",
    )
    answer_s = float(setting("web.timeout_s"))
    patience = Patience(float(setting("web.connect_timeout_s")), answer_s, answer_s)
    folder = os.path.join(home, "log") if file.on("global", "debug") else ""
    return Account(file, found.name, values, Client(tls, patience), Trace(folder), tokens or Tokens())
