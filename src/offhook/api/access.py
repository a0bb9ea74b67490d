"""Who may talk to a board (specification section 11).

Until there are accounts it listens on the loopback only. A desk shows a token, a page a cookie; both
are signed with a key in a file only its owner can read, so a restart logs nobody out and nothing secret
is in the store. A page of another origin, and a name that is not ours (DNS rebinding), get 403 on every
route, whatever they carry.
"""

import base64
import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from offhook.api.who import OWNER, Caller
from offhook.board.key import DeskKey, key_of
from offhook.errors import LoginRefused, Refused, SettingsError, some_of
from offhook.settings.files import write_whole

SESSION_S = 7 * 24 * 3600
LINK_S = 600
KEY_BYTES = 32
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LONGEST_CREDENTIAL = 512


class Access:
    """Signs and checks what desks and pages show (:class:`offhook.api.who.Accounts`).

    ``desks`` gives those now there: they come and go. ``owner`` is the desk of the person who runs the board. ``clock``
    gives seconds since 1970.
    """

    def __init__(
        self,
        key: bytes,
        desks: Callable[[], Collection[DeskKey]],
        hosts: Iterable[str],
        owner: DeskKey | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the signing key must have {KEY_BYTES} bytes")
        self._key = key
        self._desks = desks
        self._owner = owner
        self.hosts = frozenset(hosts)
        self._clock = clock
        self._links: dict[str, tuple[DeskKey, float]] = {}

    def token(self, key: DeskKey) -> str:
        """Return what a desk shows as ``Authorization: Bearer``."""
        return f"{key}.{self._sign('desk', str(key))}"

    def page_link(self, key: DeskKey) -> str:
        """Return a path that logs one browser in, once, within ten minutes. Raises ``SettingsError``."""
        if key not in self._desks():
            known = some_of(map(str, self._desks()))
            raise SettingsError("desk_unknown", desk=str(key)[:40], desks=known)
        now = self._clock()
        self._links = {code: link for code, link in self._links.items() if link[1] > now}
        code = secrets.token_urlsafe(24)
        self._links[code] = (key, now + LINK_S)
        return f"/login?code={code}"

    def redeem(self, code: str) -> tuple[DeskKey, str, str]:
        """Take a one-time code; returns the desk, the cookie's name and its value. Raises ``LoginRefused``."""
        key, until = self._links.pop(code, (DeskKey(""), 0.0))
        if until <= self._clock():
            raise LoginRefused("login_refused")
        return key, *self.cookie(key)

    def cookie(self, key: DeskKey) -> tuple[str, str]:
        """Return the name and value of a desk page's cookie, good for a week."""
        expires = int(self._clock()) + SESSION_S
        name = f"offhook-{key}".replace(":", "~")
        return name, f"{expires}.{self._sign('page', str(key), str(expires))}"

    def who(self, authorization: str, cookies: str, wanted: DeskKey | None) -> Caller:
        """See :meth:`offhook.api.who.Accounts.who`."""
        scheme, _blank, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and len(token) <= LONGEST_CREDENTIAL:
            key = key_of(token.strip().rpartition(".")[0])
            if self.same(token.strip(), self.token(key)) and wanted in (None, key):
                return self._caller(key)
        elif not authorization:
            for key in self._cookie_desks(cookies):
                if wanted in (None, key):
                    return self._caller(key)
        raise LoginRefused("login_refused")

    def timed_token(self, key: DeskKey, use: str, seconds: int) -> str:
        """Return a token for one use, good for so many seconds."""
        expires = int(self._clock()) + seconds
        return f"{key}.{expires}.{self._sign(use, str(key), str(expires))}"

    def timed_desk(self, token: str, use: str) -> DeskKey:
        """Return the desk such a token is for. Raises ``LoginRefused``."""
        desk, _dot, rest = token[:LONGEST_CREDENTIAL].partition(".")
        expires, _dot, signature = rest.partition(".")
        valid = self.same(signature, self._sign(use, desk, expires))
        if not valid or not expires.isdigit() or int(expires) <= self._clock():
            raise LoginRefused("login_refused")
        return self._known(key_of(desk))

    def check_origin(self, host: str, origin: str | None, fetch_site: str | None) -> None:
        """Let pass what comes from nowhere or from our own pages. Raises ``Refused``."""
        if host.lower() not in self.hosts:
            raise Refused("foreign_request", what="Host")
        if origin is not None and origin.lower() not in self._origins(host.lower()):
            raise Refused("foreign_request", what="Origin")
        if fetch_site is not None and fetch_site not in ("none", "same-origin"):
            raise Refused("foreign_request", what="Sec-Fetch-Site")

    def _origins(self, host: str) -> tuple[str, ...]:
        """Return the origins of our own pages under a name; behind a proxy they may be served over TLS."""
        plain = f"http://{host}"
        return (
            (plain,)
            if host.startswith(("127.0.0.1:", "localhost:", "[::1]:"))
            else (plain, f"https://{host}")
        )

    def _cookie_desks(self, header: str) -> Iterable[DeskKey]:
        for pair in header[: 1 << 14].split(";"):
            name, _equals, value = pair.strip().partition("=")
            if not name.startswith("offhook-"):
                continue
            desk = name.removeprefix("offhook-").replace("~", ":")
            expires, _dot, signature = value.partition(".")
            valid = self.same(signature, self._sign("page", desk, expires))
            if valid and expires.isdigit() and int(expires) > self._clock():
                yield key_of(desk)

    def _caller(self, key: DeskKey) -> Caller:
        rights = frozenset({OWNER} if key == self._owner else ())
        return Caller(str(key), frozenset({self._known(key)}), rights)

    def _known(self, key: DeskKey) -> DeskKey:
        if key not in self._desks():
            raise LoginRefused("login_refused")
        return key

    def _sign(self, *parts: str) -> str:
        digest = hmac.new(self._key, "\0".join(parts).encode("utf-8", "replace"), hashlib.sha256).digest()
        return base64.b32encode(digest[:20]).decode()

    @staticmethod
    def same(given: str, right: str) -> bool:
        """Compare what was shown with what is right, taking a time that gives nothing away."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def loopback_hosts(port: int) -> tuple[str, ...]:
    """Return the names under which a hub on the loopback answers."""
    return (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}")


def check_loopback(address: str) -> None:
    """Refuse to listen anywhere else. Raises ``SettingsError``."""
    if address not in LOOPBACK:
        raise SettingsError("address_not_loopback", address=address)


def key_in(folder: Path, name: str) -> bytes:
    """Return the signing key kept in a file only its owner can read, made at the first start.

    It is written whole or not at all; one that is not whole is replaced.
    """
    path = folder / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    key = secrets.token_bytes(KEY_BYTES)
    write_whole(str(path), key)
    return key
