"""Each desk's own settings, as the hub that serves it sees them.

A desk need be nothing but a browser page: the hub then runs its line with that desk's own interface, number,
user and password (specification section 1). They lie in ``desks/EXTENSION/settings.toml``, over the machine's; the
desk named by ``desk.extension`` is the user's own and shares the user's settings.
"""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from offhook.dialling import DialRules, rules_from
from offhook.embed import own_line
from offhook.errors import OffhookError
from offhook.interface import Ledger, Line
from offhook.settings.layers import Settings, desk_folder, resolve

ABOUT_THE_HUB = ("OFFHOOK_INTERFACE", "OFFHOOK_DESK__")
"""Variables that say who runs the hub, not who its desks are."""


class Desks:
    """The settings of the desks a hub serves. ``port`` is the hub's own, ``switch`` its interface's name."""

    def __init__(self, switch: str, port: int, *, per_desk: bool) -> None:
        self._switch = switch
        self._port = port
        self._per_desk = per_desk

    def settings(self, extension: str) -> Settings:
        """Return a desk's settings in force. Raises ``SettingsError``."""
        environ = {name: text for name, text in os.environ.items() if not name.startswith(ABOUT_THE_HUB)}
        options = {"desk.extension": extension}
        if self._per_desk:
            options["interface"] = self._switch
        return resolve(options, environ, shared=True, folder=desk_folder(extension))

    def rules(self, extension: str) -> DialRules:
        """Return what is dialled for a number at a desk. Raises ``SettingsError``."""
        return rules_from(self.settings(extension).__getitem__)

    def own_line(self, extension: str, ledger: Ledger) -> Line | None:
        """Return the line a desk's settings give it instead of the switch's, ``None`` for none.

        A parameter file that leads to this very hub needs no detour: the switch's line is what it means.
        """
        settings = self.settings(extension)
        if settings["interface"] in ("hub", self._switch) and not self._per_desk:
            return None
        line = own_line(settings, extension, ledger)
        return None if self._is_here(getattr(line.interface, "url", "")) and not self._per_desk else line

    def accounts(self, extensions: list[str]) -> Mapping[str, tuple[str, str]]:
        """Return each desk's user and password, for those that have them."""
        found = {}
        for extension in extensions:
            try:
                settings = self.settings(extension)
                found[extension] = (settings["desk.user"], settings["desk.password"])
            except OffhookError:  # one desk's settings that are wrong shut out nobody else
                continue
        return found

    def _is_here(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            return parts.port == self._port and parts.hostname in ("localhost", "127.0.0.1", "::1")
        except ValueError:
            return False
