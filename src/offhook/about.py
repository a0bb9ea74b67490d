"""What an interface says of itself before it is used: its name, its settings, its errors. No I/O.

It is read on every click, so an about-part imports nothing but this module and :mod:`offhook.errors`. It is in
the interface's own folder, beside ``texts/en.json`` and ``texts/fr.json``, which hold every sentence about it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from offhook.errors import OffhookError

KINDS = (
    "text", "number", "decimal", "flag", "choice", "list", "words", "table", "port", "country", "countries", "patterns",
    "interface", "desks", "prefix", "numbers", "extension", "address", "host", "hosts", "networks", "url", "pin",
    "file", "folder", "template",
)  # fmt: skip
"""What a setting's value can be. Each has its rule and its sentence (:mod:`offhook.settings.kinds`).

``address`` is ``host`` or ``host:port``, ``template`` a text that ``$teldest$`` must be in, ``pin`` a SHA-256. A number
whose setting's name ends in ``_s`` is in seconds.
"""


class Setting(NamedTuple):
    """One setting; the texts say what it is for. A secret is never shown.

    ``kind`` is one of :data:`KINDS`. ``owner`` is the interface it belongs to. ``by_desk`` says that a desk's own
    page may change it: it touches nothing on the machine the hub runs on. ``option`` is the option of
    ``offhook hub`` that gives it.
    """

    name: str
    kind: str = "text"
    default: str = ""
    secret: bool = False
    choices: tuple[str, ...] = ()
    owner: str = ""
    by_desk: bool = False
    option: str = ""

    @property
    def text_key(self) -> str:
        """The key under which the texts say what it is for."""
        return f"{self.owner}/setting.{self.name.partition('.')[2]}" if self.owner else f"setting.{self.name}"


class About(NamedTuple):
    """An interface, before it is used.

    ``driver`` is its class (``module:Class``), imported when it is used; empty: not there yet.
    ``settings`` are its own, by their short names: ``address`` of ``bell`` is the setting ``bell.address``. ``uses``
    are others it reads, by their full names. ``codes`` are its own errors and their branch of the tree; ``without``
    gives the code that says why it does not take a command; ``*`` is every command not named.

    ``per_desk``: each instance serves one desk, with that desk's own account; else it serves a whole switch.
    ``applies_rules``: the other end applies the dial and pop rules itself, as a hub does; else the desk does.
    ``by_page``: a desk's page may choose it, as it starts no program and reads none of the machine's files.
    ``cold`` is a function that dials without an event loop (``module:function``, see
    :class:`offhook.interface.Cold`), for those that dial on every click. ``pretend`` is a pretend telephone system
    to try it with (``module:Class``, see :class:`offhook.interface.Pretend`).
    """

    name: str
    driver: str = ""
    settings: tuple[Setting, ...] = ()
    uses: tuple[str, ...] = ()
    codes: Mapping[str, type[OffhookError]] = {}
    without: Mapping[str, str] = {}
    aliases: tuple[str, ...] = ()
    per_desk: bool = True
    applies_rules: bool = False
    by_page: bool = False
    cold: str = ""
    pretend: str = ""

    def own(self) -> tuple[Setting, ...]:
        """Return its settings under their full names."""
        return tuple(
            each._replace(name=f"{self.name}.{each.name}", owner=self.name) for each in self.settings
        )


class Availability(NamedTuple):
    """Whether an interface can run on this machine; if not, ``error`` says why and what to do."""

    name: str
    error: OffhookError | None = None

    @property
    def ready(self) -> bool:
        """Whether it can run."""
        return self.error is None


TLS = (
    Setting("tls_ca", "file"),
    Setting("tls_pin", "pin"),
    Setting("tls_certificate", "file"),
    Setting("tls_key", "file"),
    Setting("tls_insecure", "choice", choices=("", "yes", "no")),
)
"""An interface's own TLS settings; where one is empty, ``tls.*`` of the same name counts."""
USES_TLS = ("tls.ca", "tls.pin", "tls.certificate", "tls.key", "tls.insecure")
