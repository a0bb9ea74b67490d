"""Every setting: its name, type and default; what it is for stands in the texts. No I/O.

Those of Offhook itself stand here; each interface brings its own (:mod:`offhook.about`). The documentation's table, the
settings page and ``doctor`` are printed from :func:`everything`; an unknown key is an error naming the nearest known
one (specification section 2).
"""

import re
from collections.abc import Callable

from offhook import catalogue
from offhook.about import About, Setting
from offhook.errors import SettingsError

OURS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("interface", "interface", "hub", by_desk=True),
        Setting("use_user_settings", "flag", "no", by_desk=True),
        Setting("shared_folder"),
        Setting("language", "choice", choices=("", "en", "fr"), by_desk=True),
        Setting("country", "country", "FR", by_desk=True),
        Setting("outside_prefix", by_desk=True),
        Setting("internal_numbers", "patterns", "5", by_desk=True),
        Setting("emergency_numbers", "list", "15 17 18 112 114 115 116000 119 191 196", by_desk=True),
        Setting("emergency_prefix", "flag", "no", by_desk=True),
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
    """Return every setting there is, of every interface that is installed and whole."""
    abouts = (said for said in catalogue.abouts().values() if isinstance(said, About))
    return OURS | {each.name: each for said in abouts for each in said.own()}


YES = ("yes", "1", "true", "on", "oui", "vrai")
NO = ("no", "0", "false", "off", "non", "faux", "")


def setting(name: str, where: str) -> Setting:
    """Return a setting by name. Raises ``SettingsError`` with the nearest known name."""
    found = find(name)
    if found is None:
        raise unknown(name, tuple(everything()), where)
    return found


def unknown(name: str, known: tuple[str, ...], where: str) -> SettingsError:
    """Return the error that names what comes nearest to a name that is not known."""
    from difflib import get_close_matches

    near = get_close_matches(name[:60], known, n=1, cutoff=0.0)
    said = name[:60].encode("ascii", "backslashreplace").decode()
    return SettingsError("setting_unknown", name=said, near=near[0] if near else "–", where=where)


def section_of(interface: str) -> tuple[str, ...]:
    """Return the names of an interface's own settings; none where it is not known, or broken."""
    said = catalogue.known(interface)
    return tuple(each.name for each in said.own()) if said is not None else ()


def checked(name: str, value: object, where: str) -> str:
    """Return a setting's value as text, in its one spelling. Raises ``SettingsError`` saying where it stands."""
    known = setting(name, where)
    if isinstance(value, list) and known.kind in LISTS:
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
    return _shaped(known, text, where)


LISTS = ("list", "words", "patterns", "countries", "desks")
"""Kinds of settings that are lists; in a file they may be written as one."""
MOST_PORT = 65_535


def _shaped(known: Setting, text: str, where: str) -> str:
    """Return a value in its one spelling, as its kind wants it."""
    match known.kind:
        case "decimal":
            return _decimal(known, text, where)
        case "flag" if text.lower() in YES + NO:
            return "yes" if text.lower() in YES else "no"
        case "desks":
            extensions(text, where, known.name)
    wrong = _EXPECTED.get(known.kind)
    expected = wrong(known, text) if wrong is not None else ""
    if expected:
        raise _unreadable(known, where, expected)
    return text


def _not_one_of(known: Setting, text: str) -> str:
    return "" if text in known.choices else " | ".join(filter(None, known.choices))


def _not_all(pattern: Callable[[str], bool], expected: str) -> Callable[[Setting, str], str]:
    def wrong(_known: Setting, text: str) -> str:
        return "" if all(map(pattern, text.replace(",", " ").split())) else expected

    return wrong


def _is_country(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z]{2}", text) is not None


def _is_pattern(entry: str) -> bool:
    """Say whether an entry is a length, a pattern or a range; a range begins before it ends."""
    first, dash, last = entry.partition("-")
    if dash:
        whole = entry.isascii() and first.isdigit() and last.isdigit()
        return whole and len(first) == len(last) and int(first) <= int(last)
    return re.fullmatch(r"\+?[0-9xX*#]+\.?", entry) is not None


_EXPECTED: dict[str, Callable[[Setting, str], str]] = {
    "choice": _not_one_of,
    "number": lambda _known, text: "" if _is_whole(text) else "0, 1, 2, …",
    "port": lambda _known, text: "" if _is_whole(text) and int(text) <= MOST_PORT else f"0 … {MOST_PORT}",
    "flag": lambda _known, _text: "yes | no",
    "country": lambda _known, text: "" if _is_country(text) else "FR | DE | CH …",
    "countries": _not_all(_is_country, "FR DE CH …"),
    "patterns": _not_all(_is_pattern, "5 1xxx 2000-2999 +33899."),
}
"""For each kind, what is expected instead of a value; nothing for one that is right."""


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def judged(name: str, value: object, where: str) -> str:
    """Return a value that somebody sets now, as text; nonsense is refused (specification section 3).

    Beyond :func:`checked`, a country must exist and an interface be installed. Raises ``SettingsError``.
    """
    text, known = checked(name, value, where), setting(name, where)
    if known.kind in ("country", "countries"):
        import phonenumbers

        for each in text.replace(",", " ").upper().split():
            if each not in phonenumbers.SUPPORTED_REGIONS:
                raise _unreadable(known, where, "FR DE CH …")
    if known.kind == "interface" and catalogue.known(text) is None:
        near = unknown(text, tuple(catalogue.abouts()), where)
        raise _unreadable(known, where, f"{near.params['near']} …")
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


def extensions(text: str, where: str = "hub.desks", name: str = "") -> list[str]:
    """Return the extensions of a list such as ``1001 1005-1008``. Raises ``SettingsError``."""
    found: list[str] = []
    for part in text.replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not first.isdigit() or (
            dash and (not last.isdigit() or int(last) - int(first) not in range(10_000))
        ):
            raise _no_extensions(name or where, where)
        found += [f"{number:0{len(first)}}" for number in range(int(first), int(last or first) + 1)]
    if not found:
        raise _no_extensions(name or where, where)
    return list(dict.fromkeys(found))


def _no_extensions(name: str, where: str) -> SettingsError:
    return SettingsError("setting_unreadable", name=name, where=where, expected="1001 1005-1008")
