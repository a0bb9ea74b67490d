"""Every setting: its name, type and default; the texts say what it is for.

Offhook's own settings are here; each interface brings its own (:mod:`offhook.about`). The documentation's table, the
settings page and ``doctor`` are printed from :func:`everything`; an unknown key is an error naming the nearest known
one (specification section 2).
"""

import os

from offhook import catalogue
from offhook.about import About, Setting
from offhook.settings.kinds import Wrong, nearest, spelled, unknown, unreadable
from offhook.settings.values import Known

OURS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("interface", "interface", "hub", by_desk=True),
        Setting("use_user_settings", "flag", "no", by_desk=True),
        Setting("shared_folder", "folder"),
        Setting("language", "choice", choices=("", "en", "fr"), by_desk=True),
        Setting("country", "country", "FR"),
        Setting("outside_prefix", "prefix"),
        Setting("international_prefix", "prefix"),
        Setting("internal_numbers", "patterns", "5"),
        Setting("emergency_numbers", "numbers"),
        Setting("emergency_prefix", "flag", "no"),
        Setting(
            "dial_format", "choice", "as_typed", choices=("as_typed", "national", "e164", "international_00"),
            by_desk=True,
        ),
        Setting("incoming_strip", "numbers", by_desk=True),
        Setting("desk.extension", "extension", by_desk=True),
        Setting("desk.user", by_desk=True),
        Setting("desk.password", secret=True, by_desk=True),
        Setting("desk.ident", by_desk=True),
        Setting("tls.ca", "file"),
        Setting("tls.pin", "pin"),
        Setting("tls.certificate", "file"),
        Setting("tls.key", "file"),
        Setting("tls.insecure", "flag", "no"),
        Setting("guard.countries", "countries"),
        Setting("guard.premium", "choice", "allow", choices=("allow", "bar")),
        Setting("guard.barred", "patterns"),
        Setting("guard.codes", "patterns"),
        Setting("guard.per_minute", "number", "0"),
        Setting("window.show", "flag", "yes", by_desk=True),
        Setting("hub.port", "port", "8480"),
        Setting("hub.address", "host", default="127.0.0.1"),
        Setting("hub.hosts", "hosts"),
        Setting("hub.desks", "desks", "1001 1002 1003 1004"),
        Setting("hub.interface", "interface", "simulator"),
        Setting("hub.keep_s", "number", "300"),
        Setting("hub.keep_events", "number", "1000"),
        Setting("hub.directory", "file"),
        Setting("hub.divalto_auth", "choice", "token", choices=("open", "basic", "token")),
        Setting("hub.divalto_hold_s", "decimal", "0"),
        Setting("hub.divalto_networks", "networks"),
        Setting(
            "pop.trigger", "choice", "application", choices=("application", "ring", "connect", "request"),
            by_desk=True,
        ),
    )
}  # fmt: skip
"""Offhook's own settings."""


def find(name: str) -> Setting | None:
    """Return a setting by name, Offhook's own or an interface's; ``None`` where there is none."""
    return OURS.get(name) or (catalogue.setting_of(name) if "." in name else None)


def everything() -> dict[str, Setting]:
    """Return every setting there is, including those of every interface that is installed and whole."""
    abouts = (said for said in catalogue.abouts().values() if isinstance(said, About))
    return OURS | {each.name: each for said in abouts for each in said.own()}


def setting(name: str, where: str) -> Setting:
    """Return a setting by name. Raises ``SettingsError`` with the nearest known name."""
    found = find(name)
    if found is None:
        raise unknown(name, tuple(everything()), where)
    return found


def section_of(interface: str) -> tuple[str, ...]:
    """Return the names of an interface's own settings; none where it is unknown or broken."""
    said = catalogue.known(interface)
    return tuple(each.name for each in said.own()) if said is not None else ()


KNOWN = Known(setting, section_of)
"""All settings there are: Offhook's own and those of every installed interface."""


def checked(name: str, value: object, where: str) -> str:
    """Return a setting's value as text, in its one spelling. Raises ``SettingsError`` saying where it is set."""
    return spelled(setting(name, where), value, where)


def judged(name: str, value: object, where: str) -> str:
    """Return a value that somebody sets now, as text; nonsense is refused (specification section 3).

    Beyond :func:`checked`, an interface must be installed and whole, a file be there and named from the root, a
    template hold the number. Raises ``SettingsError``, and ``Unavailable`` for an interface that is broken.
    """
    text, known = checked(name, value, where), setting(name, where)
    wrong = _judge(known.kind, text) if text or known.kind == "interface" else None
    if wrong is not None:
        raise unreadable(known, where, wrong)
    return text


def _judge(kind: str, text: str) -> Wrong | None:
    """Return what is wrong with a value that is of its kind, when it is set on this machine."""
    match kind:
        case "interface" if catalogue.known(text) is None:
            there = tuple(catalogue.abouts())
            if text in there:
                catalogue.about(text)  # raises why it is broken
            return Wrong("interface", text, nearest(text, there))
        case "file" if not os.path.isfile(text):
            return Wrong("file", text)
        case "file" | "folder" if not os.path.isabs(text):
            return Wrong("whole_path", text, os.path.abspath(text))
        case "folder" if os.path.isfile(text):
            return Wrong("folder", text, os.path.dirname(text))
        case "template" if "$teldest$" not in text.lower():
            return Wrong("template", text)
    return None
