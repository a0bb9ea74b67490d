"""Which board and which desk a command speaks for: this user's agent, the settings' hub, or the one on this machine."""

from offhook import catalogue
from offhook.about import About
from offhook.errors import OffhookError, SettingsError, Unavailable, some_of
from offhook.settings.places import resolve
from offhook.settings.running import AGENT, HUB, running
from offhook.settings.values import Settings


class Target:
    """A board's address, a desk and its token. Raises ``Unavailable`` where none is known."""

    def __init__(self, desk: str | None) -> None:
        settings = resolve({"desk.extension": desk})
        agent, hub = running(AGENT, in_passing=True), running(HUB, in_passing=True)
        wanted = settings["desk.extension"]
        mine = agent is not None and (not wanted or wanted in agent.tokens)
        here = agent if mine else hub
        self.url = here.url if mine and here else settings["hub.url"] or (here.url if here else "")
        if not self.url:
            raise Unavailable("no_hub")
        known = here.tokens if here and here.url == self.url else {}
        token = "" if mine else settings["hub.token"]
        extension = wanted or token.partition(".")[0] or next(iter(known), "")
        self.token = token or known.get(extension, "")
        if (known and not self.token) or not extension.isalnum():
            raise SettingsError("desk_unknown", desk=extension[:40], desks=some_of(known))
        self.extension = extension


def target(desk: str | None, command: str) -> Target:
    """Return where a command on calls goes. Where no board serves the desk, its own interface says why it cannot.

    Raises ``Unsupported`` where the interface takes no such command, ``Unavailable`` where it needs a board for it.
    """
    try:
        return Target(desk)
    except (Unavailable, SettingsError) as error:
        if error.code != "no_hub" and (desk or error.code != "desk_unknown"):
            raise
        said = catalogue.about(resolve()["interface"])
        if said.applies_rules:
            raise
        raise alone(said, command) from None


def alone(said: About, command: str) -> OffhookError:
    """Return why a command cannot be carried out by a desk's own interface, from a process that follows no calls."""
    from offhook.line import unsupported
    from offhook.model import COMMANDS

    accepts: object = catalogue.load(said.name).accepts
    if isinstance(accepts, frozenset) and COMMANDS[command] not in accepts:
        return unsupported(said, command)
    return Unavailable("board_needed", interface=said.name, by=said.name)


def is_served(settings: Settings) -> bool:
    """Say whether a hub or agent running here serves the desk with the interface its settings name.

    Then every command goes through it: two readers of one line would each get half. An interface named for this one
    command counts for this command only.
    """
    if settings.place("interface") in ("options", "environment"):
        return False
    agent, desk = running(AGENT, in_passing=True), settings["desk.extension"]
    if agent is not None and (not desk or desk in agent.tokens):
        return True
    hub = running(HUB, in_passing=True) if desk else None
    return hub is not None and desk in hub.tokens
