"""Who asks, and what they may do. No I/O."""

from typing import NamedTuple, Protocol

from offhook.board.key import DeskKey
from offhook.errors import LoginRefused

OWNER = "owner"
"""The right of the person who runs the board: everything that touches its machine."""


class Caller(NamedTuple):
    """Somebody who has shown who they are: an account, the desks it may speak for, and its further rights."""

    account: str
    desks: frozenset[DeskKey]
    rights: frozenset[str] = frozenset()

    def desk(self, wanted: DeskKey | None = None) -> DeskKey:
        """Return the desk a request is about: the one wanted, else the caller's only one. Raises ``LoginRefused``."""
        if wanted is not None and wanted in self.desks:
            return wanted
        if wanted is None and len(self.desks) == 1:
            return next(iter(self.desks))
        raise LoginRefused("login_refused")


class Accounts(Protocol):
    """What decides who somebody is, by what they show."""

    def who(self, authorization: str, cookies: str, wanted: DeskKey | None) -> Caller:
        """Return who shows these headers; ``wanted`` chooses among several logins. Raises ``LoginRefused``."""
        ...

    def check_origin(self, host: str, origin: str | None, fetch_site: str | None) -> None:
        """Let pass what comes from nowhere or from our own pages. Raises ``Refused``."""
        ...

    def page_link(self, key: DeskKey) -> str:
        """Return a path that logs one browser in, once. Raises ``SettingsError``."""
        ...

    def redeem(self, code: str) -> tuple[DeskKey, str, str]:
        """Take a one-time code; returns the desk, the cookie's name and its value. Raises ``LoginRefused``."""
        ...

    def cookie(self, key: DeskKey) -> tuple[str, str]:
        """Return the name and value of a desk page's cookie."""
        ...
