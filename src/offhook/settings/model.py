"""Every setting: its name, type and default; the texts say what it is for.

Offhook's own settings are here; each interface brings its own (:mod:`offhook.about`). The documentation's table, the
settings page and ``doctor`` are printed from :func:`everything`; an unknown key is an error naming the nearest known
one (specification section 2).
"""

from offhook import catalogue
from offhook.about import About, Setting
from offhook.settings.kinds import spelled, unknown, unreadable
from offhook.settings.values import Known

OURS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("interface", "interface", "hub", by_desk=True),
        Setting("use_user_settings", "flag", "no", by_desk=True),
        Setting("shared_folder"),
        Setting("language", "choice", choices=("", "en", "fr"), by_desk=True),
        Setting("country", "country", "FR"),
        Setting("outside_prefix"),
        Setting("international_prefix"),
        Setting("internal_numbers", "patterns", "5"),
        Setting("emergency_numbers", "list"),
        Setting("emergency_prefix", "flag", "no"),
        Setting(
            "dial_format", "choice", "as_typed", choices=("as_typed", "national", "e164", "international_00"),
            by_desk=True,
        ),
        Setting("incoming_strip", "list", by_desk=True),
        Setting("desk.extension", by_desk=True),
        Setting("desk.user", by_desk=True),
        Setting("desk.password", secret=True, by_desk=True),
        Setting("desk.ident", by_desk=True),
        Setting("tls.ca"),
        Setting("tls.pin"),
        Setting("tls.certificate"),
        Setting("tls.key"),
        Setting("tls.insecure", "flag", "no"),
        Setting("guard.countries", "countries"),
        Setting("guard.premium", "choice", "allow", choices=("allow", "bar")),
        Setting("guard.barred", "patterns"),
        Setting("guard.codes", "patterns"),
        Setting("guard.per_minute", "number", "0"),
        Setting("window.show", "flag", "yes", by_desk=True),
        Setting("hub.port", "port", "8480"),
        Setting("hub.address", default="127.0.0.1"),
        Setting("hub.hosts", "list"),
        Setting("hub.desks", "desks", "1001 1002 1003 1004"),
        Setting("hub.interface", "interface", "simulator"),
        Setting("hub.keep_s", "number", "300"),
        Setting("hub.keep_events", "number", "1000"),
        Setting("hub.directory"),
        Setting("hub.divalto_auth", "choice", "token", choices=("open", "basic", "token")),
        Setting("hub.divalto_hold_s", "decimal", "0"),
        Setting("hub.divalto_networks", "list"),
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

    Beyond :func:`checked`, a country must exist and an interface be installed and whole. Raises ``SettingsError``,
    and ``Unavailable`` for an interface that is broken.
    """
    text, known = checked(name, value, where), setting(name, where)
    if known.kind in ("country", "countries"):
        import phonenumbers

        for each in text.replace(",", " ").upper().split():
            if each not in phonenumbers.SUPPORTED_REGIONS:
                raise unreadable(known, where, "FR DE CH …")
    if known.kind == "interface" and catalogue.known(text) is None:
        there = tuple(catalogue.abouts())
        if text in there:
            catalogue.about(text)  # raises why it is broken
        near = unknown(text, there, where)
        raise unreadable(known, where, f"{near.params['near']} …")
    return text
