"""Who a request is from, and which desk it is about."""

from starlette.requests import HTTPConnection

from offhook.api.who import OWNER, Accounts, Caller
from offhook.board.key import DeskKey, key_of


class Doorkeeper:
    """Asks the accounts who somebody is, by a request's headers."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts

    def who(self, connection: HTTPConnection, wanted: DeskKey | None = None) -> Caller:
        """Return who asks. Raises ``LoginRefused``."""
        headers = connection.headers
        return self.accounts.who(headers.get("authorization", ""), headers.get("cookie", ""), wanted)

    def desk(self, connection: HTTPConnection, wanted: DeskKey | None = None) -> DeskKey:
        """Return the desk a request is about, if the asker may speak for it. Raises ``LoginRefused``."""
        return self._asking(connection, wanted)[1]

    def desk_and_owner(self, connection: HTTPConnection) -> tuple[DeskKey, bool]:
        """Return the same, and whether the asker is the person who runs the board. Raises ``LoginRefused``."""
        caller, desk = self._asking(connection, None)
        return desk, OWNER in caller.rights

    def _asking(self, connection: HTTPConnection, wanted: DeskKey | None) -> tuple[Caller, DeskKey]:
        asked = connection.query_params.get("desk", "")
        wanted = wanted or (key_of(asked) if asked else None)
        caller = self.who(connection, wanted)
        return caller, caller.desk(wanted)
