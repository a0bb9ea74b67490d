"""Options that somebody gives an interface in a program, as its settings."""

from collections.abc import Mapping

from offhook.about import About
from offhook.settings.kinds import unknown
from offhook.settings.model import checked, setting
from offhook.view import View


def given(about: About, options: Mapping[str, str], where: str = "options=") -> View:
    """Return a view of options given in a program, with defaults for the rest.

    An option is a setting of the interface by its short name, or another it reads by its full one. Raises
    ``SettingsError`` for an unknown one, naming the nearest, and for a value that cannot be read.
    """
    known = {each.name: f"{about.name}.{each.name}" for each in about.settings}
    known |= {name: name for name in about.uses} | {whole: whole for whole in known.values()}
    values: dict[str, str] = {}
    for name, value in options.items():
        if name not in known:
            raise unknown(name, tuple(known), where)
        values[known[name]] = checked(known[name], value, where)
    return View(about, lambda name: values[name] if name in values else setting(name, where).default)
