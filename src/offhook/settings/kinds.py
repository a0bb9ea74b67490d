"""What a setting's value may be, by its kind, and its one spelling. No I/O."""

import re
from collections.abc import Callable

from offhook.about import Setting
from offhook.errors import SettingsError

YES = ("yes", "1", "true", "on", "oui", "vrai")
NO = ("no", "0", "false", "off", "non", "faux", "")


def unknown(name: str, known: tuple[str, ...], where: str) -> SettingsError:
    """Return the error for an unknown name, which names the nearest known one."""
    from difflib import get_close_matches

    near = get_close_matches(name[:60], known, n=1, cutoff=0.0)
    said = name[:60].encode("ascii", "backslashreplace").decode()
    return SettingsError("setting_unknown", name=said, near=near[0] if near else "–", where=where)


def spelled(known: Setting, value: object, where: str) -> str:
    """Return a setting's value as text, in its one spelling. Raises ``SettingsError`` saying where it is set."""
    if isinstance(value, list) and known.kind in LISTS:
        value = " ".join(str(each) for each in value)
    if known.kind == "table":
        value = _flat(known, value, where)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    try:
        text = str(value) if known.secret else str(value).strip()
    except ValueError:  # an integer of thousands of digits
        raise unreadable(known, where, "0, 1, 2, …") from None
    if "\0" in text or (not text.isascii() and _broken(text)):
        raise unreadable(known, where, "text")
    return _shaped(known, text, where)


LISTS = ("list", "words", "patterns", "countries", "desks")
"""Kinds of settings that are lists; in a file they may be written as TOML lists."""
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
        raise unreadable(known, where, expected)
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
"""For each kind, what is expected instead of a value; nothing for a right value."""


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _flat(known: Setting, value: object, where: str) -> str:
    """Return a table as text: ``1001=PJSIP/1001,PJSIP/soft 1002=PJSIP/1002``."""
    if isinstance(value, str):
        value = dict(each.partition("=")[::2] for each in value.split())
    if not isinstance(value, dict):
        raise unreadable(known, where, '{ "1001" = ["PJSIP/1001"] }')
    found = []
    for key, names in value.items():
        each = names if isinstance(names, list) else str(names).split(",")
        texts = [str(name) for name in each]
        if not key or not texts or any(not text or set(text) & set(" \t,=") for text in (*texts, str(key))):
            raise unreadable(known, where, '{ "1001" = ["PJSIP/1001"] }')
        found.append(f"{key}={','.join(texts)}")
    return " ".join(found)


def _decimal(known: Setting, text: str, where: str) -> str:
    plain = text.replace(",", ".")
    whole, _dot, part = plain.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(plain) > 12:
        raise unreadable(known, where, "1 | 0.5")
    return plain


def _broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def unreadable(known: Setting, where: str, expected: str) -> SettingsError:
    """Return the error for a value that is not what its kind wants."""
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
