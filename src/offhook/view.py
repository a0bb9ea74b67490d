"""What an interface reads from the settings: its own by their short names, others by their full ones. No I/O."""

from collections.abc import Callable

from offhook.about import About
from offhook.errors import SettingsError


class View:
    """An interface's settings, typed, with the defaults they have everywhere.

    ``get`` gives a setting's text by its full name. Asking for what :attr:`~offhook.about.About.settings` and
    :attr:`~offhook.about.About.uses` do not name is a fault of the interface.
    """

    def __init__(self, about: About, get: Callable[[str], str]) -> None:
        self.about = about
        self._get = get
        self._own = {each.name: f"{about.name}.{each.name}" for each in about.settings}

    def __getitem__(self, name: str) -> str:
        """Return a setting's text. Raises ``SettingsError`` for a secret that cannot be had."""
        return self._get(self.whole(name))

    def whole(self, name: str) -> str:
        """Return a setting's full name."""
        whole = self._own.get(name, name)
        if whole not in self._own.values() and whole not in self.about.uses:
            raise KeyError(f"{self.about.name} reads no setting {name!r}")
        return whole

    def number(self, name: str) -> int:
        """Return a whole number."""
        return int(self[name])

    def decimal(self, name: str) -> float:
        """Return a number with decimals."""
        return float(self[name])

    def flag(self, name: str) -> bool:
        """Return whether a yes-or-no setting is on."""
        return self[name] == "yes"

    def words(self, name: str) -> tuple[str, ...]:
        """Return the words of a list."""
        text = self[name]
        kinds = {each.name: each.kind for each in self.about.settings}
        return tuple((text if kinds.get(name) == "words" else text.replace(",", " ")).split())

    def table(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return a table: the names for each key."""
        pairs = (each.partition("=")[::2] for each in self[name].split())
        return {key: tuple(names.split(",")) for key, names in pairs}

    def tls(self, name: str) -> str:
        """Return ``tls.NAME``, or the interface's own ``tls_NAME`` where that is set."""
        return self[f"tls_{name}"] or self[f"tls.{name}"]

    def wrong(self, name: str, expected: str) -> SettingsError:
        """Return the error for a setting that cannot be read as it should be."""
        whole = self.whole(name)
        return SettingsError(
            "setting_unreadable",
            interface=self.about.name,
            name=whole,
            where=whole,
            wanted="shape",
            such=expected,
        )
