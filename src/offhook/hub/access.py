"""Who may talk to the hub (specification section 11).

Until there are accounts the hub listens on the loopback only. A desk shows a token, a page a cookie; both
are signed with a key in a file only its owner can read, so a restart logs nobody out and nothing secret
lies in the store. A page of another origin, and a name that is not ours (DNS rebinding), get 403 on every
route, whatever they carry.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from offhook.errors import LoginRefused, Refused, SettingsError

SESSION_S = 7 * 24 * 3600
LINK_S = 600
DIVALTO_TOKEN_S = 3600
KEY_BYTES = 32
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LONGEST_CREDENTIAL = 512


class Access:
    """Signs and checks what desks and pages show. ``clock`` gives seconds since 1970."""

    def __init__(
        self,
        key: bytes,
        extensions: Iterable[str],
        hosts: Iterable[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the signing key must have {KEY_BYTES} bytes")
        self._key = key
        self._extensions = frozenset(extensions)
        self.hosts = frozenset(hosts)
        self._clock = clock
        self._links: dict[str, tuple[str, float]] = {}

    def token(self, extension: str) -> str:
        """Return what the desk ``extension`` shows as ``Authorization: Bearer``."""
        return f"{extension}.{self._sign('desk', extension)}"

    def page_link(self, extension: str) -> str:
        """Return a path that logs one browser in, once, within ten minutes. Raises ``SettingsError``."""
        if extension not in self._extensions:
            raise SettingsError(
                "desk_unknown", desk=extension, desks=", ".join(sorted(self._extensions)[:10])
            )
        now = self._clock()
        self._links = {code: link for code, link in self._links.items() if link[1] > now}
        code = secrets.token_urlsafe(24)
        self._links[code] = (extension, now + LINK_S)
        return f"/login?code={code}"

    def redeem(self, code: str) -> tuple[str, str, str]:
        """Take a one-time code; returns the desk, the cookie's name and its value. Raises ``LoginRefused``."""
        extension, until = self._links.pop(code, ("", 0.0))
        if until <= self._clock():
            raise LoginRefused("login_refused")
        return extension, *self.cookie(extension)

    def cookie(self, extension: str) -> tuple[str, str]:
        """Return the name and value of a desk page's cookie, good for a week."""
        expires = int(self._clock()) + SESSION_S
        return f"offhook-{extension}", f"{expires}.{self._sign('page', extension, str(expires))}"

    def desk_of(self, authorization: str, cookies: str, wanted: str) -> str:
        """Return the desk these headers may speak for; ``wanted`` chooses among several cookies.

        Raises ``LoginRefused``.
        """
        scheme, _blank, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and len(token) <= LONGEST_CREDENTIAL:
            extension = token.strip().partition(".")[0]
            if self.same(token.strip(), self.token(extension)) and wanted in ("", extension):
                return self._known(extension)
        elif not authorization:
            for extension in self._cookie_desks(cookies):
                if wanted in ("", extension):
                    return self._known(extension)
        raise LoginRefused("login_refused")

    def divalto_token(self, extension: str) -> tuple[str, int]:
        """Return a token of the seed's protocol for a desk, and for how many seconds it is good."""
        expires = int(self._clock()) + DIVALTO_TOKEN_S
        return f"{extension}.{expires}.{self._sign('divalto', extension, str(expires))}", DIVALTO_TOKEN_S

    def divalto_desk(self, token: str) -> str:
        """Return the desk a token of the seed's protocol is for. Raises ``LoginRefused``."""
        extension, _dot, rest = token[:LONGEST_CREDENTIAL].partition(".")
        expires, _dot, signature = rest.partition(".")
        valid = self.same(signature, self._sign("divalto", extension, expires))
        if not valid or not expires.isdigit() or int(expires) <= self._clock():
            raise LoginRefused("login_refused", interface="hub")
        return self._known(extension)

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

    def _cookie_desks(self, header: str) -> Iterable[str]:
        for pair in header[: 1 << 14].split(";"):
            name, _equals, value = pair.strip().partition("=")
            if not name.startswith("offhook-"):
                continue
            extension = name.removeprefix("offhook-")
            expires, _dot, signature = value.partition(".")
            valid = self.same(signature, self._sign("page", extension, expires))
            if valid and expires.isdigit() and int(expires) > self._clock():
                yield extension

    def _known(self, extension: str) -> str:
        if extension not in self._extensions:
            raise LoginRefused("login_refused")
        return extension

    def _sign(self, *parts: str) -> str:
        digest = hmac.new(self._key, "\0".join(parts).encode("utf-8", "replace"), hashlib.sha256).digest()
        return base64.b32encode(digest[:20]).decode()

    @staticmethod
    def same(given: str, right: str) -> bool:
        """Compare what was shown with what is right, in a time that tells nothing."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def loopback_hosts(port: int) -> tuple[str, ...]:
    """Return the names under which a hub on the loopback answers."""
    return (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}")


def check_loopback(address: str) -> None:
    """Refuse to listen anywhere else. Raises ``SettingsError``."""
    if address not in LOOPBACK:
        raise SettingsError("address_not_loopback", address=address)


def key_in(folder: Path) -> bytes:
    """Return the hub's signing key, made at the first start in a file only its owner can read.

    It is written whole or not at all; one that is not whole is replaced.
    """
    path = folder / "hub.key"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
    key = secrets.token_bytes(KEY_BYTES)
    draft = folder / f"hub.key.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return key
