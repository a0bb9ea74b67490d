"""Every setting: its name, type and default; what it is for stands in the texts as ``setting.NAME``. No I/O.

The documentation's table, the settings page and ``doctor`` are printed from :data:`SETTINGS`; an unknown key
is an error naming the nearest known one (specification section 2).
"""

from typing import NamedTuple

from offhook.errors import SettingsError


class Setting(NamedTuple):
    """One setting. ``kind`` is ``text number decimal flag choice list words table``; a secret is never shown.

    ``words`` are parted by blanks alone; a ``table`` is ``key=one,two`` for each key, parted by blanks.
    """

    name: str
    kind: str
    default: str
    secret: bool = False
    choices: tuple[str, ...] = ()


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("interface", "text", "hub"),
        Setting("use_user_settings", "flag", "no"),
        Setting("shared_folder", "text", ""),
        Setting("language", "choice", "", choices=("", "en", "fr")),
        Setting("country", "text", "FR"),
        Setting("outside_prefix", "text", ""),
        Setting("internal_numbers", "list", "5"),
        Setting("emergency_numbers", "list", "15 17 18 112 114 115 116000 119 191 196"),
        Setting("emergency_prefix", "flag", "no"),
        Setting("dial_format", "choice", "as_typed", choices=("as_typed", "national", "e164", "international_00")),
        Setting("incoming_strip", "list", ""),
        Setting("desk.extension", "text", ""),
        Setting("desk.user", "text", ""),
        Setting("desk.password", "text", "", secret=True),
        Setting("desk.ident", "text", ""),
        Setting("callto.command", "text", "callto:$teldest$"),
        Setting("callto.verb", "text", "OPEN"),
        Setting("callto.program", "text", ""),
        Setting("web.file", "text", ""),
        Setting("web.event_name", "text", "DIAL"),
        Setting("web.timeout_s", "decimal", "15"),
        Setting("web.connect_timeout_s", "decimal", "3"),
        Setting("web.events", "choice", "state", choices=("state", "queue")),
        Setting("web.call_max_s", "decimal", "14400"),
        Setting("tls.ca", "text", ""),
        Setting("tls.pin", "text", ""),
        Setting("tls.certificate", "text", ""),
        Setting("tls.key", "text", ""),
        Setting("tls.insecure", "flag", "no"),
        Setting("guard.countries", "list", ""),
        Setting("guard.premium", "choice", "allow", choices=("allow", "bar")),
        Setting("guard.barred", "list", ""),
        Setting("guard.per_minute", "number", "0"),
        Setting("window.show", "flag", "yes"),
        Setting("hub.url", "text", ""),
        Setting("hub.token", "text", "", secret=True),
        Setting("hub.port", "number", "8480"),
        Setting("hub.address", "text", "127.0.0.1"),
        Setting("hub.hosts", "list", ""),
        Setting("hub.desks", "list", "1001 1002 1003 1004"),
        Setting("hub.interface", "text", "simulator"),
        Setting("hub.keep_s", "number", "300"),
        Setting("hub.keep_events", "number", "1000"),
        Setting("hub.directory", "text", ""),
        Setting("hub.divalto_auth", "choice", "token", choices=("open", "basic", "token")),
        Setting("hub.divalto_hold_s", "decimal", "0"),
        Setting("hub.divalto_networks", "list", ""),
        Setting("simulator.address", "text", ""),
        Setting("asterisk.address", "text", "127.0.0.1:5038"),
        Setting("asterisk.user", "text", ""),
        Setting("asterisk.password", "text", "", secret=True),
        Setting("asterisk.tls", "flag", "no"),
        Setting("asterisk.events", "text", "call,agent"),
        Setting("asterisk.context", "text", ""),
        Setting("asterisk.ring", "choice", "first", choices=("first", "all")),
        Setting("asterisk.ring_s", "decimal", "30"),
        Setting("asterisk.auto_answer", "text", ""),
        Setting("asterisk.phone_control", "flag", "no"),
        Setting("asterisk.extensions", "words", ""),
        Setting("asterisk.devices", "table", ""),
        Setting("asterisk.trunks", "words", ""),
        Setting("asterisk.trunk_contexts", "words", ""),
        Setting("freeswitch.address", "text", "127.0.0.1:8021"),
        Setting("freeswitch.password", "text", "", secret=True),
        Setting("freeswitch.tls", "flag", "no"),
        Setting("freeswitch.context", "text", ""),
        Setting("freeswitch.domain", "text", ""),
        Setting("freeswitch.ring", "choice", "first", choices=("first", "all")),
        Setting("freeswitch.ring_s", "decimal", "30"),
        Setting("freeswitch.auto_answer", "flag", "no"),
        Setting("freeswitch.extensions", "words", ""),
        Setting("freeswitch.devices", "table", ""),
        Setting("freeswitch.trunks", "words", ""),
        Setting("freeswitch.trunk_contexts", "words", ""),
        Setting(
            "pop.trigger", "choice", "application",
            choices=("application", "ring", "connect", "request"),
        ),
    )
}  # fmt: skip

INTERFACE_KEYS: dict[str, tuple[str, ...]] = {"hub": ("hub.url", "hub.token")}
"""The settings of an interface's own section, where they are not simply all that begin with its name."""

YES = ("yes", "1", "true", "on", "oui", "vrai")
NO = ("no", "0", "false", "off", "non", "faux", "")


def setting(name: str, where: str) -> Setting:
    """Return a setting by name. Raises ``SettingsError`` with the nearest known name."""
    found = SETTINGS.get(name)
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name[:60], SETTINGS, n=1, cutoff=0.0)
        said = name[:60].encode("ascii", "backslashreplace").decode()
        raise SettingsError("setting_unknown", name=said, near=near[0], where=where)
    return found


def section_of(interface: str) -> tuple[str, ...]:
    """Return the names of an interface's own settings."""
    return INTERFACE_KEYS.get(interface) or tuple(
        name for name in SETTINGS if name.startswith(f"{interface}.")
    )


def checked(name: str, value: object, where: str) -> str:
    """Return a setting's value as text, in its one spelling. Raises ``SettingsError`` saying where it stands."""
    known = setting(name, where)
    if isinstance(value, list) and known.kind in ("list", "words"):
        value = " ".join(str(each) for each in value)
    if known.kind == "table":
        value = _flat(known, value, where)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    try:
        text = str(value) if known.secret else str(value).strip()
    except ValueError:  # an integer of thousands of digits
        raise _unreadable(known, where, "0, 1, 2, …") from None
    if "\0" in text or (not text.isascii() and _broken(text)):
        raise _unreadable(known, where, "text")
    match known.kind:
        case "choice" if text not in known.choices:
            raise _unreadable(known, where, " | ".join(filter(None, known.choices)))
        case "number" if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise _unreadable(known, where, "0, 1, 2, …")
        case "decimal":
            return _decimal(known, text, where)
        case "flag":
            if text.lower() not in YES + NO:
                raise _unreadable(known, where, "yes | no")
            return "yes" if text.lower() in YES else "no"
        case _:
            pass
    return text


def _flat(known: Setting, value: object, where: str) -> str:
    """Return a table as text: ``1001=PJSIP/1001,PJSIP/soft 1002=PJSIP/1002``."""
    if isinstance(value, str):
        value = dict(each.partition("=")[::2] for each in value.split())
    if not isinstance(value, dict):
        raise _unreadable(known, where, '{ "1001" = ["PJSIP/1001"] }')
    found = []
    for key, names in value.items():
        each = names if isinstance(names, list) else str(names).split(",")
        texts = [str(name) for name in each]
        if not key or not texts or any(not text or set(text) & set(" \t,=") for text in (*texts, str(key))):
            raise _unreadable(known, where, '{ "1001" = ["PJSIP/1001"] }')
        found.append(f"{key}={','.join(texts)}")
    return " ".join(found)


def _decimal(known: Setting, text: str, where: str) -> str:
    plain = text.replace(",", ".")
    whole, _dot, part = plain.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(plain) > 12:
        raise _unreadable(known, where, "1 | 0.5")
    return plain


def _broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _unreadable(known: Setting, where: str, expected: str) -> SettingsError:
    return SettingsError("setting_unreadable", name=known.name, where=where, expected=expected)


def extensions(text: str, where: str = "hub.desks") -> list[str]:
    """Return the extensions of a list such as ``1001 1005-1008``. Raises ``SettingsError``."""
    found: list[str] = []
    for part in text.replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not first.isdigit() or (
            dash and (not last.isdigit() or int(last) - int(first) not in range(10_000))
        ):
            raise SettingsError("setting_unreadable", name=where, where=where, expected="1001 1005-1008")
        found += [f"{number:0{len(first)}}" for number in range(int(first), int(last or first) + 1)]
    if not found:
        raise SettingsError("setting_unreadable", name=where, where=where, expected="1001 1005-1008")
    return list(dict.fromkeys(found))
