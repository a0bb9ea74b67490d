"""Which hub and which desk a command speaks for: the settings, else the hub running on this machine."""

from offhook.errors import SettingsError, Unavailable
from offhook.settings.layers import resolve
from offhook.settings.running import running


class Target:
    """A hub's address, a desk and its token. Raises ``Unavailable`` where no hub is known."""

    def __init__(self, desk: str | None) -> None:
        settings = resolve({"desk.extension": desk})
        here = running()
        self.url = settings["hub.url"] or (here.url if here else "")
        if not self.url:
            raise Unavailable("no_hub", interface="hub")
        known = here.tokens if here and here.url == self.url else {}
        extension = (
            settings["desk.extension"] or settings["hub.token"].partition(".")[0] or next(iter(known), "")
        )
        self.token = settings["hub.token"] or known.get(extension, "")
        if known and not self.token:
            raise SettingsError("desk_unknown", desk=extension, desks=", ".join(list(known)[:10]))
        self.extension = extension
        if not extension.isalnum():
            raise SettingsError("desk_unknown", desk=extension, desks=", ".join(list(known)[:10]))
