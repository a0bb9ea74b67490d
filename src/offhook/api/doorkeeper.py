"""Who a request is from, and which desk it is about."""

from starlette.requests import HTTPConnection

from offhook.api.who import Accounts, Caller
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
        asked = connection.query_params.get("desk", "")
        wanted = wanted or (key_of(asked) if asked else None)
        return self.who(connection, wanted).desk(wanted)
